import { dropBaggage } from './baggage.js'
import type { QueueState } from './state.js'

/** An ID that fails for good. `stays`: one more run is owed, so it stays committed. */
export interface Failing {
  readonly id: string
  readonly text: string
  readonly stays: boolean
}

/**
 * Final failures: their counts go on from where they were, their errors are kept. The count of an ID that stays goes to
 * `failures`; the others move to `failed`. Beyond `most` the oldest failures are forgotten, up to 1,000 a call.
 */
export function recordFailures(state: QueueState, failing: readonly Failing[], ms: number, most: number): void {
  let out = false
  const before = failing.map(({ id }) => state.failures.get(id) ?? 0)
  failing.forEach(({ id, text, stays }, place) => {
    const times = (before[place] as number) + 1
    state.errors.set(id, { ms, text })
    if (stays) {
      state.failures.set(id, times)
    } else {
      out = true
      state.failures.delete(id)
      state.failed.set(id, times)
      state.failedAt.set(id, ms)
    }
  })
  const over = state.failedAt.size - most
  if (!out || over <= 0) return
  for (const id of state.failedAt.popLeast(Math.min(over, 1000))) {
    state.failed.delete(id)
    state.errors.delete(id)
    dropBaggage(state, id)
  }
}
