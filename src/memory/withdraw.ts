import type { State } from '../store.js'
import type { QueueState } from './state.js'

/** Take IDs out by hand, wherever they are; a processing one is marked and ends at its next settle or sweep. */
export function withdraw(state: QueueState, ids: readonly string[]): State[] {
  return ids.map((id) => {
    const was = takeOut(state, id)
    state.failures.delete(id)
    state.errors.delete(id)
    state.tries.delete(id)
    // A run owed was promised to its publisher: its withdrawal is recorded too.
    if (state.owed.delete(id)) state.totals.withdrawn++
    return was
  })
}

function takeOut(state: QueueState, id: string): State {
  const { totals } = state
  if (state.failed.delete(id)) {
    state.failedAt.delete(id)
    totals.withdrawn++
    return 'failed'
  }
  if (!state.committed.has(id)) return 'absent'
  if (state.processing.has(id)) {
    if (!state.withdrawn.has(id)) totals.withdrawn++
    state.withdrawn.add(id)
    return 'processing'
  }
  state.committed.delete(id)
  totals.left++
  totals.withdrawn++
  if (state.delayed.delete(id)) return 'delayed'
  // The entry stays in the line, and its mark tells a later publish to take it over: no list is searched.
  state.ghosts.add(id)
  return 'queued'
}
