import { LUA } from '../../src/redis/lua.generated.js'
import { ROLES, rightsOf } from '../../src/redis/rights.js'
import type { Role } from '../../src/store.js'

/** The access rules of SECURITY.md and README.md, as the scripts' own text gives them. */

const PLACE = 'convoy:'

/** What a role may do on few keys alone: `LPOP` would take an ID out of the line, `SET` and `DEL` do away with any key. */
const NARROW: readonly string[] = ['LPOP', 'SET', 'DEL']

/** Before a script can be run, and for those that listen, to know which database they are in and whether they still hear. */
const PLAIN: Partial<Readonly<Record<Role, readonly string[]>>> = { listener: ['client|info', 'ping'] }

/** One line per role, for redis-cli or, with `user` in place of the first two words, for an ACL file. */
export function accessLines(roles = Object.keys(ROLES) as Role[]): string {
  return `\`\`\`text\n${roles.map(lineOf).join('\n\n')}\n\`\`\`\n`
}

/** Of those that every installation has. */
export const usualLines = (): string => accessLines(['publisher', 'worker', 'guard', 'dashboard'])

function lineOf(role: Role): string {
  const looks = ROLES[role].every((name) => LUA[name].flags === 'no-writes')
  const keys = `${looks ? '%R' : ''}~${PLACE}*`
  const scripts = looks ? ['evalsha_ro'] : ['evalsha', 'evalsha_ro']
  const rights = rightsOf(role).map((right) => right.split(' '))
  const commands = new Set(rights.map(([command = '']) => command))
  const channels = commands.has('SPUBLISH') || commands.has('SSUBSCRIBE') ? [`&${PLACE}*`] : []
  const only: string[] = []
  for (const command of NARROW) {
    const parts = new Set(rights.filter(([first]) => first === command).flatMap(([, ...on]) => on))
    if (parts.size === 0 || parts.has('queued')) continue
    commands.delete(command)
    only.push(`(+${command.toLowerCase()} ${[...parts].map((part) => `~${PLACE}*:${part}`).join(' ')})`)
  }
  const words = [...scripts, 'script|load', 'info', ...(PLAIN[role] ?? []), ...[...commands].map(lower).sort()]
  const rules = [...words.map((word) => `+${word}`), ...only].join(' ')
  return [`ACL SETUSER ${role} reset on >secret ${keys}`, ...channels, rules].join(' ')
}

const lower = (command: string): string => command.toLowerCase()
