import type { QueueState } from './state.js'

// The line: `queued`, its marks and its wake token, and `prioritized` beside it. An entry's place is its number since the
// beginning: the head's is taken + 1. Mirrors lua/_line.lua and lua/_tail.lua.

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

/** Entries, stale ones too. */
export function lineSize({ queued, prioritized }: QueueState): number {
  return queued.size + prioritized.size
}

/** Nothing is claimed now, whatever waits. */
export function blocked({ control }: QueueState, ms: number): boolean {
  return control.paused || control.hold > ms
}

/** At the end of every verb that may have made something claimable: where there is a line, there is the token. */
export function arm(state: QueueState, ms: number): void {
  if (lineSize(state) > 0 && !blocked(state, ms)) state.wake = 1
}

/** By priority, the highest first; then by number: those from the head have numbers below 0. */
function rank(state: QueueState, id: string, priority: number, end: 1 | -1): void {
  state.prioritized.set(id, -priority * 2 ** 40 + end * ++state.totals.sequence)
}

/**
 * To the tail of the line, from wherever. An ID whose stale entry still stands in the line takes that place over, so
 * that no ID is in the line twice.
 */
export function toTail(state: QueueState, ids: readonly string[], ms: number): void {
  const { ghosts, priority } = state
  const plain = ghosts.size === 0 && priority.size === 0
  const entries = plain
    ? ids
    : ids.filter((id) => {
        const its = priority.get(id)
        if (its === undefined) return !ghosts.delete(id)
        rank(state, id, its, 1)
        return false
      })
  if (entries.length === 0) return
  mark(state, ms)
  for (const id of entries) state.queued.push(id)
}

/** Back to the head, in the order given. How many ever were is counted: see `audit`. */
export function toHead(state: QueueState, ids: readonly string[]): void {
  let back = 0
  for (let place = ids.length - 1; place >= 0; place--) {
    const id = ids[place] as string
    const its = state.priority.get(id)
    if (its !== undefined) {
      rank(state, id, its, -1)
      continue
    }
    state.queued.unshift(id)
    back++
  }
  state.totals.taken -= back
  state.totals.returned += back
}

/** Move what is due from `delayed` to the tail. */
export function promote(state: QueueState, ms: number): void {
  if (state.delayed.size === 0) return
  const due = state.delayed.between(Number.NEGATIVE_INFINITY, ms, 1000)
  for (const id of due) state.delayed.delete(id)
  toTail(state, due, ms)
}
