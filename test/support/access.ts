import type { Role } from '../../src/store.js'
import { marked, readPage } from '../docs/pages.js'

/** Who may do what, in the words of SECURITY.md: what it tells people to type is what the tests run as. */
const LINES = new Map(
  [...marked('SECURITY.md', 'access').matchAll(/^ACL SETUSER (\w+) (reset .*)$/gm)].map(([, role = '', rules = '']) => [
    role,
    rules,
  ]),
)

export const ROLES = [...LINES.keys()] as readonly Role[]

export function rulesOf(role: Role): readonly string[] {
  const rules = LINES.get(role)
  if (rules === undefined) throw new Error(`SECURITY.md has no line for ${role}`)
  return rules.split(' ')
}

/** What a way to reach Redis asks for besides, as SECURITY.md says below the lines. */
function besides(...rules: readonly `+${string}`[]): readonly string[] {
  const page = readPage('SECURITY.md')
  for (const rule of rules) if (!page.includes(`\`${rule}\``)) throw new Error(`SECURITY.md does not tell of ${rule}`)
  return rules
}

/** What a client of a cluster runs by itself. */
export const CLUSTER_RULES: readonly string[] = besides('+cluster|slots', '+asking')

/** What a database in the URL asks for. */
export const DATABASE_RULES: readonly string[] = besides('+select')

/** What `durability` asks of the server. */
export const DURABLE_RULES: readonly string[] = besides('+config|get', '+wait')

/** … of one that syncs each second. */
export const SYNCED_RULES: readonly string[] = besides('+waitaof')

/** A rule, or several in brackets, which hold for their own keys alone. */
const RULE = /\([^)]*\)|\S+/g

/** All roles in one, and keys of any prefix: a program that does everything, and tests that share no prefix. */
export const ALL_RULES: readonly string[] = [
  ...new Set(ROLES.flatMap((role) => rulesOf(role).slice(3).join(' ').match(RULE) ?? []).map(everywhere)),
].flatMap((rule) => rule.split(' '))

function everywhere(rule: string): string {
  return rule.replace(/(%R)?~convoy:\*/g, '~*').replace(/^&convoy:\*$/, '&*')
}
