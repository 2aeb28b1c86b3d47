import type { Kept } from '../step.js'
import type { Recollection } from '../store.js'
import { letPass } from './places.js'
import type { QueueState } from './state.js'

// What stays of an ID after its run, each for its time: that it was done, its result, what it logged.

/** What one call drops of each at most: never less than a step adds, so that none of them grows while there is work. */
const MOST = 1_000

/** Drops what has lapsed, and a hold that is over. Answers whether more may have. */
export function purge(state: QueueState, ms: number): boolean {
  const { remembered, kept, control } = state
  const ids = lapsed(remembered, ms)
  const names = lapsed(kept, ms)
  for (const id of ids) remembered.delete(id)
  for (const name of names) drop(state, name)
  if (control.hold <= ms) letPass(state)
  return ids.length === MOST || names.length === MOST
}

function lapsed(what: QueueState['kept'], ms: number): readonly string[] {
  return what.size === 0 ? [] : what.between(Number.NEGATIVE_INFINITY, ms, MOST)
}

/** Forgets one of `results`. */
export function drop({ results, kept }: QueueState, name: string): void {
  results.delete(name)
  kept.delete(name)
}

export function keep({ results, kept }: QueueState, name: string, text: string, until: number): void {
  results.set(name, text)
  kept.set(name, until)
}

export function keptText({ results, kept }: QueueState, name: string, ms: number): string | undefined {
  return (kept.score(name) ?? Number.NEGATIVE_INFINITY) > ms ? results.get(name) : undefined
}

export function isRemembered({ remembered }: QueueState, id: string, ms: number): boolean {
  return (remembered.score(id) ?? Number.NEGATIVE_INFINITY) > ms
}

/** A result, and the epoch of the run it is of. One that keeps none ends what an earlier run has left. */
export function keepResult(state: QueueState, id: string, token: string, kept: Kept | undefined, ms: number): void {
  if (kept && kept.ttl > 0) keep(state, `r${id}`, `${token.split(':')[0]} ${kept.text}`, ms + kept.ttl)
  else drop(state, `r${id}`)
}

export function resultOf(state: QueueState, id: string, ms: number): Omit<Recollection, 'log'> {
  const text = keptText(state, `r${id}`, ms)
  if (text === undefined) return { result: null, epoch: 0 }
  const space = text.indexOf(' ')
  return { result: text.slice(space + 1), epoch: Number(text.slice(0, space)) }
}

/** What is kept of each ID's last run. */
export function recall(state: QueueState, ids: readonly string[], now: number): Recollection[] {
  const ms = Math.floor(now / 1000)
  return ids.map((id) => ({ ...resultOf(state, id, ms), log: keptText(state, `l${id}`, ms)?.split('\n') ?? [] }))
}
