import { createHash } from 'node:crypto'
import { keyOf, type Part } from './keys.js'
import { LUA, type ScriptName } from './lua.generated.js'

/** A script as one queue calls it: text, digest, and its keys spelled out, so that a call adds nothing but arguments. */
export interface Script {
  readonly name: ScriptName
  readonly text: string
  readonly sha: string
  readonly parts: readonly Part[]
  /** `EVALSHA sha n key…`; `EVALSHA_RO` asks no right to write of a user who only looks. */
  readonly head: readonly string[]
  /** The same with the keys of a plain lane alone. It is refused with MORE where those will not do. */
  readonly plain: readonly string[]
}

/** Server time in microseconds, as text: a number would have to be spelled again. Only a test may put a settable clock in its place. */
const NOW = "local t = redis.call('TIME') return t[1] .. string.sub('00000' .. t[2], -6)"

export type Scripts = Readonly<Record<ScriptName, Script>>

/** The scripts of one queue. `clockKey` is for tests: a key that holds the time in microseconds. */
export function scriptsFor(prefix: string, queue: string, clockKey?: string): Scripts {
  const now = clockKey === undefined ? NOW : `return string.match(redis.call('GET', '${clockKey}'), '^%d+')`
  const scripts = Object.entries(LUA).map(([name, { keys, plain, flags, text }]) => {
    // With `#!lua` on line 1 the server refuses a script up front (READONLY, OOM, NOREPLICAS), before any effect.
    const head = `#!lua${flags === '' ? '' : ` flags=${flags}`}`
    // A global is looked up each time it is named, a local is not.
    const whole = `${head}\nlocal redis = redis\nlocal function now() ${now} end\n${text}`
    const sha = createHash('sha1').update(whole).digest('hex')
    const spelled = keys.map((part) => keyOf(prefix, queue, part as Part))
    const call = flags.includes('no-writes') ? 'EVALSHA_RO' : 'EVALSHA'
    const headOf = (some: readonly string[]): readonly string[] => [call, sha, String(some.length), ...some]
    return [
      name,
      { name, text: whole, sha, parts: keys, head: headOf(spelled), plain: headOf(spelled.slice(0, plain)) },
    ]
  })
  return Object.fromEntries(scripts) as Scripts
}
