import { ConvoyError } from './errors.js'
import { suggestion } from './suggestion.js'
import { milliseconds, show } from './time.js'

/** What a table of options says: see OPTIONS. */
export type Rules = Readonly<Record<string, Rule>>

export interface Rule {
  readonly kind: 'duration' | 'integer' | 'boolean' | 'choice' | 'function' | 'object' | 'other'
  /** Of a choice: what may be chosen. */
  readonly choices?: readonly string[]
  /** Of an object: the methods it must have. */
  readonly has?: readonly string[]
  readonly fallback: unknown
  readonly least?: number
  readonly most?: number
  readonly about: string
}

/** The methods an AbortSignal must have. */
export const SIGNAL: readonly string[] = ['addEventListener', 'removeEventListener']

/** Checks the options of one call by its table, and fills in defaults: see `check` in options.ts. */
export function checkBy<Settings>(rules: Rules, call: string, given: object | undefined): Settings {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new ConvoyError('BAD_OPTION', `${call}: expected an object of options, not ${show(given)}`)
  }
  const options: Record<string, unknown> = { ...given }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(rules, call, name)
  }
  const settings = Object.entries(rules).map(([name, rule]) => [
    name,
    checkOption(`${call}: ${name}`, rule, options[name]),
  ])
  return Object.fromEntries(settings) as Settings
}

export function unknownOption(rules: Rules, call: string, name: string): ConvoyError {
  return new ConvoyError(
    'BAD_OPTION',
    `${call}: there is no option ${show(name)}.${suggestion(name, Object.keys(rules))}`,
  )
}

/** One option by its row; `where` names it in the error. */
export function checkOption(where: string, rule: Rule, given: unknown): unknown {
  if (given === undefined) return rule.fallback
  const { kind, least = Number.NEGATIVE_INFINITY, most = Number.MAX_SAFE_INTEGER } = rule
  if (kind === 'other') return given
  if (kind === 'boolean') {
    if (typeof given === 'boolean') return given
    throw new ConvoyError('BAD_OPTION', `${where}: expected true or false, not ${show(given)}`)
  }
  if (kind === 'choice') {
    const { choices = [] } = rule
    if (typeof given === 'string' && choices.includes(given)) return given
    const hint = typeof given === 'string' ? suggestion(given, choices) : ''
    throw new ConvoyError('BAD_OPTION', `${where}: expected ${oneOf(choices)}, not ${show(given)}.${hint}`)
  }
  if (kind === 'function' || kind === 'object') {
    if (typeof given === 'function' && kind === 'function') return given
    if (kind === 'object' && hasMethods(given, rule.has ?? [])) return given
    const wanted = kind === 'function' ? 'a function' : `an object with ${(rule.has ?? []).join('(), ')}()`
    throw new ConvoyError('BAD_OPTION', `${where}: expected ${wanted}, not ${show(given)}`)
  }
  const number = kind === 'duration' ? milliseconds(given, where) : given
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least && number <= most) return number
  const what = kind === 'duration' ? 'a duration' : 'an integer'
  const range =
    rule.most === undefined ? `of at least ${least}${kind === 'duration' ? ' ms' : ''}` : `from ${least} to ${most}`
  throw new ConvoyError('BAD_OPTION', `${where}: expected ${what} ${range}, not ${show(given)}`)
}

/** `'a', 'b' or 'c'` */
export function oneOf(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`)
  return [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' or ')
}

function hasMethods(given: unknown, names: readonly string[]): boolean {
  if (typeof given !== 'object' || given === null) return false
  return names.every((name) => typeof (given as Record<string, unknown>)[name] === 'function')
}

/** Queue names and prefixes: braces or glob characters would move the slot or widen an ACL. */
export function checkName(what: 'queue name' | 'prefix', name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9_.:-]{1,128}$/.test(name)) return name
  throw new ConvoyError('BAD_NAME', `${what}: expected 1 to 128 characters of A-Z a-z 0-9 _ . : -, not ${show(name)}`)
}
