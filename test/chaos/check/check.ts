import type { Entry } from '../history.js'
import { Lives } from './lives.js'
import { recoveries } from './recoveries.js'
import { resumed } from './resumed.js'
import { type Allowance, type Breach, IdRules, isRetried } from './rules.js'
import { tries } from './tries.js'

/** What a history comes to. */
export interface Findings {
  readonly breaches: readonly Breach[]
  /** IDs that went in, runs of handlers, claims that lapsed, claims lost by the living. */
  readonly accepted: number
  readonly runs: number
  /** IDs that were put off, runs that were owed, attempts that failed and were followed by another. */
  readonly delayed: number
  readonly reruns: number
  readonly retried: number
  readonly jammed: number
  readonly lost: number
  readonly repeated: number
  readonly unknown: number
  readonly refused: number
  /** Lost within the window of a fault: counted, not held against the library. */
  readonly withinWindow: number
  /** ms, of those that were seen … */
  readonly recoveries: readonly number[]
  /** … and faults that the next one followed before anything ran. */
  readonly cutShort: number
  /** Times that a worker was seen to take up work again after a fault. */
  readonly resumed: number
  readonly looks: number
  readonly faults: number
}

/** Reads a history and holds it against K1 to K13. */
export async function check(history: AsyncIterable<Entry> | Iterable<Entry>, allow: Allowance): Promise<Findings> {
  const lives = await Lives.of(history)
  const rules = new IdRules(lives, allow)
  const breaches = [...rules.breaches()]
  breaches.push(...places(lives))
  const recovered = recoveries(lives, allow.lease)
  for (const { what, ms, most } of recovered) {
    if (ms > allow.recovery + most) breaches.push({ rule: 'K9', what: `${what}: ${Math.round(ms)} ms` })
  }
  const again = resumed(lives, allow)
  breaches.push(...again.breaches, ...ends(lives))
  if (allow.features) breaches.push(...tries(lives, allow.features))
  const all = [...lives.ids.values()]
  const publishes = all.flatMap((life) => life.publishes.map(({ told }) => told))
  const runs = all.flatMap((life) => life.runs)
  const told = publishes.filter((one) => typeof one === 'object')
  return {
    breaches,
    accepted: told.filter(({ outcome }) => outcome === 'queued' || outcome === 'delayed').length,
    delayed: told.filter(({ outcome }) => outcome === 'delayed').length,
    reruns: told.filter(({ outcome }) => outcome === 'rerun').length,
    retried: runs.filter((run) => isRetried(run, allow.features)).length,
    runs: runs.length,
    jammed: all.reduce((sum, { jams }) => sum + jams.length, 0),
    lost: runs.filter((run) => run.lost).length,
    repeated: told.filter((one) => one.repeated).length,
    unknown: publishes.filter((one) => one === 'unknown').length,
    refused: publishes.filter((one) => one === 'refused').length,
    withinWindow: rules.withinWindow.length,
    recoveries: recovered.flatMap(({ ms, cutShort }) => (cutShort ? [] : [ms])).sort((a, b) => a - b),
    cutShort: recovered.filter(({ cutShort }) => cutShort).length,
    resumed: again.times,
    looks: lives.looks.count,
    faults: lives.faults.length,
  }
}

/** K8: once drained nothing is left, the books balance; and at no look was an ID in line twice, or in two places. */
function* places({ final, looks }: Lives): Generator<Breach> {
  for (const id of looks.twice) yield { rule: 'K8', what: `${id} stood in line twice` }
  for (const id of looks.astray) yield { rule: 'K8', what: `${id} was not in exactly one state` }
  if (!final) return yield { rule: 'K8', what: 'nobody looked at the end' }
  const { queued, delayed, processing, committed, entered, left, strays } = final
  for (const id of [...queued, ...delayed, ...processing]) yield { rule: 'K8', what: `${id} is stuck` }
  if (committed !== queued.length + delayed.length + processing.length) {
    yield { rule: 'K8', what: `${committed} are committed, but not in any place` }
  }
  if (entered - left !== committed) {
    yield { rule: 'K8', what: `${entered} entered, ${left} left, but ${committed} are committed` }
  }
  for (const key of strays) yield { rule: 'K8', what: `${key} is left behind` }
}

/** K10: whoever was not killed has ended in order, owing nobody an answer. */
function* ends({ procs, hung }: Lives): Generator<Breach> {
  for (const whom of hung) yield { rule: 'K10', what: `${whom} did not end by itself` }
  for (const { name, killed, closed, pending, uncaught, late } of procs.values()) {
    for (const text of uncaught) yield { rule: 'K10', what: `${name}: nobody caught ${text}` }
    if (late.length > 0) yield { rule: 'K10', what: `${name} went on after it was closed: ${late.join(', ')}` }
    if (closed && pending > 0) yield { rule: 'K10', what: `${name} was closed with ${pending} promises pending` }
    if (!closed && killed === Number.POSITIVE_INFINITY && !hung.includes(name)) {
      yield { rule: 'K10', what: `${name} was never closed` }
    }
  }
}
