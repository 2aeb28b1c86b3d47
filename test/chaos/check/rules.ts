import type { Outcome } from '../../../src/index.js'
import type { Told } from '../history.js'
import type { Features } from '../part.js'
import { epochOf, type Life, type Publish, type Run } from './life.js'
import type { Lives } from './lives.js'

/** What a row may do to the promises, and what it may not. */
export interface Allowance {
  /** No fault, no excuse: exactly one run for each accepted publish. */
  readonly exact: boolean
  /** A living worker may lose a claim: something stalls it, or cuts it off, for longer than its lease. */
  readonly expiries: boolean
  /** The server may go back to an earlier state: what was done since may be undone, and done again. */
  readonly rollback: boolean
  /** ms from the end of a fault, or the death of a worker, to the run that must follow. */
  readonly recovery: number
  /** ms, of a claim. */
  readonly lease: number
  /** What jobs live through; absent on a plain lane. */
  readonly features?: Features
}

export type Rule = 'K1' | 'K2' | 'K3' | 'K4' | 'K5' | 'K6' | 'K7' | 'K8' | 'K9' | 'K10' | 'K11' | 'K12' | 'K13'

export interface Breach {
  readonly rule: Rule
  readonly what: string
}

/** µs from a handler's return to its settlement, while nothing is wrong. */
const SETTLED_BY = 5_000_000

const IN: readonly Outcome[] = ['queued', 'delayed']
const queued = (publish: Publish): boolean => isTold(publish.told) && IN.includes(publish.told.outcome)
const isTold = (told: Publish['told']): told is Told => typeof told === 'object'
/** It may have put the ID in although nobody was told so: the answer was lost, or this is the answer to a repetition. */
const maybe = (publish: Publish): boolean =>
  publish.told === 'unknown' || (isTold(publish.told) && publish.told.repeated)

/** It failed, and attempts were left. */
export function isRetried({ failed, attempt }: Run, features: Features | undefined): boolean {
  return failed && attempt < (features?.attempts ?? 1)
}

/** The laws of one ID's history, K1 to K7. What breaks them in one way is told once. */
export class IdRules {
  readonly #lives: Lives
  readonly #allow: Allowance
  readonly #places: ReadonlyMap<string, string>
  /** Lost, but within the window that the fault is known to have. */
  readonly withinWindow: string[] = []

  constructor(lives: Lives, allow: Allowance) {
    this.#lives = lives
    this.#allow = allow
    const { final } = lives
    const places = (['queued', 'delayed', 'processing', 'failed'] as const).map((name) => [name, final?.[name] ?? []])
    this.#places = new Map(
      (places as [string, readonly string[]][]).flatMap(([name, ids]) => ids.map((id) => [id, name])),
    )
  }

  *breaches(): Generator<Breach> {
    for (const id of this.#lives.unexpected) yield { rule: 'K2', what: `${id} ran, and nobody had published it` }
    for (const [id, life] of this.#lives.ids) {
      yield* this.#lost(id, life)
      yield* this.#falseDuplicates(id, life)
      yield* this.#tokens(id, life)
      yield* this.#fencing(id, life)
      yield* this.#bound(id, life)
      yield* this.#overlaps(id, life)
      yield* this.#lapses(id, life)
    }
  }

  /** K1: a run after every publish that was promised one, one for each time the ID went in, one after each that was cut off. */
  *#lost(id: string, life: Life): Generator<Breach> {
    const { publishes, runs } = life
    const place = this.#places.get(id)
    if (place !== undefined && place !== 'failed') return
    const last = runs.reduce((latest, { at }) => Math.max(latest, at), 0)
    const unserved = publishes.find(({ told, at }) => isTold(told) && told.guaranteed && at > last)
    const short = publishes.filter(queued).length - new Set(runs.map(({ token }) => token)).size
    if (!unserved && short <= 0) return yield* this.#dropped(id, life)
    // A failure on record is an end, though no handler told of it.
    if (place === 'failed' && runs.length === 0) return
    if (this.#forgiven(unserved ? [unserved] : publishes.filter(queued))) {
      this.withinWindow.push(id)
      return
    }
    yield {
      rule: 'K1',
      what: `${id} is lost: went in ${publishes.filter(queued).length} times, ran ${runs.length} times`,
    }
  }

  /** A claim that was swept, and a run whose process died before its handler returned, are followed by a claim that is run. */
  *#dropped(id: string, { runs, jams }: Life): Generator<Breach> {
    // A failure on record is an end.
    if (this.#places.has(id)) return
    const last = runs.reduce((latest, { epoch }) => Math.max(latest, epoch), 0)
    // A handler that has returned may have been settled before its process died.
    const died = runs.filter((run) => this.#lives.killed(run) < run.until)
    const cutOff = [
      ...died.map(({ token, at, proc }) => ({ token, from: at, how: `died with ${proc}` })),
      ...jams.map(({ token, at }) => ({ token, from: at - SETTLED_BY, how: 'was swept' })),
    ]
    const dropped = cutOff.find(({ token }) => epochOf(token) >= last)
    if (!dropped) return
    // A server that goes back takes the sweep back too; and for a while there may be two of them.
    if (this.#allow.rollback && this.#lives.disturbed(dropped.from, Number.POSITIVE_INFINITY)) return
    yield { rule: 'K1', what: `${id} is lost: claim ${dropped.token} ${dropped.how}, and none was run after it` }
  }

  #forgiven(publishes: readonly Publish[]): boolean {
    return publishes.some(({ at, until }) =>
      this.#lives.faults.some(
        (fault) => fault.window > 0 && until >= fault.at - fault.window * 1_000 && at <= fault.until,
      ),
    )
  }

  /** K3: a duplicate of what was not there. That one was promised a run is K1's business. */
  *#falseDuplicates(id: string, { publishes, runs, jams }: Life): Generator<Breach> {
    for (const publish of publishes) {
      const { told, at, until } = publish
      if (!isTold(told) || told.outcome !== 'duplicate' || told.repeated) continue
      if (!publishes.some((other) => other !== publish && other.told !== 'refused' && other.at <= until)) {
        yield { rule: 'K3', what: `${id} was called a duplicate at its first publish` }
      } else if (!told.guaranteed && !this.#allow.rollback) {
        // The slack is for a settlement on its way; a fault or a stall may hold that up for longer.
        const held = (run: Run): boolean =>
          run.at <= until + SETTLED_BY && (run.until >= at - SETTLED_BY || this.#lives.disturbed(run.until, at))
        // Claimed by one that died before the handler began: only the guard tells of it.
        const claimed = jams.some((jam) => jam.at >= at)
        if (!claimed && !runs.some(held))
          yield { rule: 'K3', what: `${id} was called a duplicate of a run, and none was near` }
      }
    }
  }

  /** K4: a claim made after another one of the same ID had ended has the larger epoch. K5: a claim is given out once. */
  *#tokens(id: string, { runs }: Life): Generator<Breach> {
    const seen = new Set<string>()
    let before: Run | undefined
    for (const run of runs) {
      if (seen.has(run.token)) yield { rule: 'K5', what: `${id} was run twice under claim ${run.token}` }
      seen.add(run.token)
      // A claim that lapsed may be heard of late, with its smaller epoch; those that ended in peace came one by one.
      if (this.#lives.excused(run)) continue
      if (before && before.token !== run.token && before.until <= run.at && run.epoch <= before.epoch) {
        yield { rule: 'K4', what: `${id}: epoch ${run.epoch} after ${before.epoch} had ended` }
      }
      before = run
    }
  }

  /** K5: who comes back after a sweep has taken its claim is told so; else its late end was accepted beside another. */
  *#fencing(id: string, { runs }: Life): Generator<Breach> {
    for (const run of runs) {
      const owes = run.jammed && !run.lost && this.#lives.procs.get(run.proc)?.closed === true
      if (owes && !this.#allow.rollback)
        yield { rule: 'K5', what: `${id}: ${run.proc} ended a claim that had been taken` }
    }
  }

  /** K6: no more runs than were let in, and one for each claim that came to nothing (2.5 of the reference). */
  *#bound(id: string, { publishes, runs }: Life): Generator<Breach> {
    if (this.#allow.rollback || publishes.length === 0) return
    const distinct = new Map(runs.map((run) => [run.token, run]))
    const excused = this.#allow.exact ? 0 : [...distinct.values()].filter((run) => this.#lives.excused(run)).length
    const owed = publishes.filter(({ told }) => isTold(told) && told.outcome === 'rerun').length
    const again = runs.filter((run) => isRetried(run, this.#allow.features)).length
    const most = publishes.filter(queued).length + publishes.filter(maybe).length + owed + again
    if (distinct.size - excused > most) {
      yield {
        rule: 'K6',
        what: `${id} was let in ${most} times, ran ${distinct.size} times, ${excused} of them excused`,
      }
    }
  }

  /** K7: two runs of one ID side by side, and nobody had lost the claim of the first. */
  *#overlaps(id: string, { runs }: Life): Generator<Breach> {
    const ordered = runs.map((run) => ({ run, until: this.#endOf(run) })).sort((a, b) => a.run.at - b.run.at)
    for (const [i, { run, until }] of ordered.entries()) {
      const next = ordered[i + 1]?.run
      if (!next || next.token === run.token || next.at >= until || this.#allow.rollback) continue
      // Whose claim lapsed is told it, and the guard tells it too; the younger run is the one that may have begun late.
      const early = [run, next].some((one) => one.lost || one.jammed)
      if (!early || !this.#allow.expiries) {
        yield {
          rule: 'K7',
          what: `${id} ran in ${run.proc} and ${next.proc} at once${early ? ': a lease lapsed early' : ''}`,
        }
      }
    }
  }

  /** K7: a claim of one that lives and is not stalled does not lapse, whether its handler began or not. */
  *#lapses(id: string, { jams }: Life): Generator<Breach> {
    if (this.#allow.expiries || this.#allow.rollback) return
    for (const { at, token } of jams) {
      const proc = this.#lives.procOf(token)
      if (proc && proc.killed > at)
        yield { rule: 'K7', what: `${id}: a claim of ${proc.name}, which lives, has lapsed` }
    }
  }

  /** A handler does not outlive its process. */
  #endOf(run: Run): number {
    return Math.min(run.until, this.#lives.killed(run))
  }
}
