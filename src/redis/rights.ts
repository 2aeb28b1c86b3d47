import type { Role } from '../store.js'
import { LUA, type ScriptName } from './lua.generated.js'

/** The scripts of each role. What they run on which keys is read off their text when they are built. */
export const ROLES: Readonly<Record<Role, readonly ScriptName[]>> = {
  publisher: ['check', 'open', 'publish'],
  worker: ['check', 'open', 'step', 'wake', 'report'],
  guard: ['check', 'open', 'sweep'],
  operator: ['check', 'open', 'withdraw', 'move', 'clear', 'steer', 'counts', 'list', 'audit', 'mend'],
  dashboard: ['check', 'counts', 'inspect', 'list', 'recall', 'messages'],
  listener: ['check', 'counts', 'inspect', 'recall', 'messages'],
}

/** Run by no script. */
const PLAIN: Partial<Readonly<Record<Role, readonly string[]>>> = {
  worker: ['BLPOP wake'],
  listener: ['SET listening', 'SSUBSCRIBE events'],
}

/** `COMMAND part …`: all that a role runs. */
export function rightsOf(role: Role): readonly string[] {
  return [...ROLES[role].flatMap((name) => LUA[name].rights), ...(PLAIN[role] ?? [])]
}
