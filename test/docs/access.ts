import { LUA } from '../../src/redis/lua.generated.js'
import { ROLES, rightsOf } from '../../src/redis/rights.js'
import type { Role } from '../../src/store.js'

/** The access rules of SECURITY.md, as the scripts' own text gives them. */

const PLACE = 'convoy:'

/** `LPOP` would take an ID out of the line; whoever has another use for it gets it for that alone. */
const CLAIM = 'LPOP'

/** One line per role, for redis-cli or, with `user` in place of the first two words, for an ACL file. */
export function accessLines(): string {
  return `\`\`\`text\n${(Object.keys(ROLES) as Role[]).map(lineOf).join('\n\n')}\n\`\`\`\n`
}

function lineOf(role: Role): string {
  const looks = ROLES[role].every((name) => LUA[name].flags === 'no-writes')
  const keys = `${looks ? '%R' : ''}~${PLACE}*`
  const scripts = looks ? ['evalsha_ro'] : ['evalsha', 'evalsha_ro']
  const rights = rightsOf(role).map((right) => right.split(' '))
  const parts = new Set(rights.filter(([command]) => command === CLAIM).flatMap(([, ...on]) => on))
  const narrow = parts.size > 0 && !parts.has('queued')
  const commands = new Set(rights.map(([command = '']) => command).filter((command) => !narrow || command !== CLAIM))
  const words = [...scripts, 'script|load', 'info', ...[...commands].map((command) => command.toLowerCase()).sort()]
  const only = narrow ? [`(+${CLAIM.toLowerCase()} ${[...parts].map((part) => `~${PLACE}*:${part}`).join(' ')})`] : []
  return [`ACL SETUSER ${role} reset on >secret ${keys}`, ...words.map((word) => `+${word}`), ...only].join(' ')
}
