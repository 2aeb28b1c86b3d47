import type { Role } from '../store.js'
import { LUA, type ScriptName } from './lua.generated.js'

/** The scripts of each role. What they run on which keys is read off their text when they are built. */
export const ROLES: Readonly<Record<Role, readonly ScriptName[]>> = {
  publisher: ['check', 'open', 'publish'],
  worker: ['check', 'open', 'step', 'wake'],
  guard: ['check', 'open', 'sweep'],
  operator: ['check', 'open', 'withdraw', 'clear', 'audit', 'mend'],
  dashboard: ['check', 'counts', 'inspect', 'list'],
}

/** Run by no script. */
const PLAIN: Partial<Readonly<Record<Role, string>>> = { worker: 'BLPOP wake' }

/** `COMMAND part …`: all that a role runs. */
export function rightsOf(role: Role): readonly string[] {
  const plain = PLAIN[role]
  return [...ROLES[role].flatMap((name) => LUA[name].rights), ...(plain ? [plain] : [])]
}
