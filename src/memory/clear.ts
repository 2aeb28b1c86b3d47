import { announce } from './news.js'
import { letPass } from './places.js'
import type { QueueState } from './state.js'

/** Withdraw all that waits and forget all failures; what is processing goes on, with nothing owed. */
export function clear(state: QueueState, ms: number): number {
  const { totals } = state
  const waiting = state.committed.size - state.processing.size
  const count = waiting + state.failed.size + state.owed.size
  totals.left += waiting
  totals.withdrawn += count
  totals.taken += state.queued.size
  state.wake = 0
  state.queued.clear()
  state.prioritized.clear()
  state.committed.clear()
  state.delayed.clear()
  state.failed.clear()
  state.failedAt.clear()
  state.failures.clear()
  state.errors.clear()
  state.tries.clear()
  state.owed.clear()
  state.ghosts.clear()
  state.remembered.clear()
  state.results.clear()
  state.kept.clear()
  letPass(state)
  for (const part of [state.payload, state.priority, state.since]) {
    for (const id of part.keys()) if (!state.processing.has(id)) part.delete(id)
  }
  for (const id of state.processing.slice()) state.committed.add(id)
  announce(state, ms, 'cleared')
  return count
}
