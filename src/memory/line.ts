import type { QueueState } from './state.js'

// The line: `queued`, its marks and its wake token. An entry's place is its number since the beginning: the head's is
// taken + 1. Mirrors lua/_line.lua and lua/_tail.lua.

/** Remembers, once a second at most, which place was reached when; forgets marks the head has passed. */
function mark(state: QueueState, ms: number): void {
  const { marks, totals } = state
  if (ms >= totals.marked && ms < totals.marked + 1000) return
  totals.marked = ms
  marks.push({ place: totals.taken + state.queued.size + 1, ms })
  for (let n = 0; n < 100; n++) {
    const second = marks.at(1)
    if (second === undefined || second.place > totals.taken + 1) return
    marks.shift()
  }
}

/** At the end of every verb that may have made something claimable: where there is a line, there is the token. */
export function arm(state: QueueState): void {
  if (state.queued.size > 0) state.wake = 1
}

/**
 * To the tail of the line, from wherever. An ID whose stale entry still stands in the line takes that place over, so
 * that no ID is in the line twice.
 */
export function toTail(state: QueueState, ids: readonly string[], ms: number): void {
  const entries = state.ghosts.size === 0 ? ids : ids.filter((id) => !state.ghosts.delete(id))
  if (entries.length === 0) return
  mark(state, ms)
  for (const id of entries) state.queued.push(id)
}

/** Back to the head, in the order given. How many ever were is counted: see `audit`. */
export function toHead(state: QueueState, ids: readonly string[]): void {
  for (let place = ids.length - 1; place >= 0; place--) state.queued.unshift(ids[place] as string)
  state.totals.taken -= ids.length
  state.totals.returned += ids.length
}

/** Move what is due from `delayed` to the tail. */
export function promote(state: QueueState, ms: number): void {
  if (state.delayed.size === 0) return
  const due = state.delayed.between(Number.NEGATIVE_INFINITY, ms, 1000)
  for (const id of due) state.delayed.delete(id)
  toTail(state, due, ms)
}
