import type { QueueState } from '../../src/memory/model.js'
import type { State } from '../../src/store.js'

/** Where an ID is, at this ms. */
export function stateOf(state: QueueState, id: string, ms: number): State {
  if (!state.committed.has(id)) {
    if ((state.remembered.score(id) ?? 0) > ms) return 'remembered'
    return state.failed.has(id) ? 'failed' : 'absent'
  }
  if (state.processing.has(id)) return 'processing'
  return state.delayed.has(id) ? 'delayed' : 'queued'
}

/** All there is to know of one ID but what is only counted. */
export function about(state: QueueState, id: string): readonly unknown[] {
  const { lease, processing, owed, withdrawn, failed, tries, errors, delayed, remembered } = state
  const held = [lease.get(id), processing.score(id), owed.get(id), withdrawn.has(id), delayed.score(id)]
  const brought = [state.payload.get(id), state.priority.get(id), state.since.get(id), remembered.score(id)]
  return [...held, ...brought, state.committed.has(id), failed.get(id), tries.get(id), errors.get(id)]
}

/** Attempts and jams that were counted. */
export function triesOf(state: QueueState, id: string): [attempts: number, jams: number] {
  const [attempts = 0, jams = 0] = (state.tries.get(id) ?? '0:0').split(':').map(Number)
  return [attempts, jams]
}

/** The payload that its next run to begin will see. */
export function nextPayload(state: QueueState, id: string): string | undefined {
  const owed = state.processing.has(id) ? state.owed.get(id) : undefined
  return owed === undefined ? state.payload.get(id) : owed.payload
}
