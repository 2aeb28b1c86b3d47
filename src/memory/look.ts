import type { Counts, Inspection, ListRequest, Page, State } from '../store.js'
import { TOTALS } from '../store.js'
import type { QueueState } from './state.js'

// The verbs that only look.

/** Everything known of each ID. */
export function inspect(state: QueueState, ids: readonly string[]): Inspection[] {
  return ids.map((id) => {
    const [attempts, jams] = (state.tries.get(id) ?? '0:0').split(':').map(Number)
    const failure = state.errors.get(id)
    return {
      id,
      ...whereabouts(state, id),
      attempts: attempts ?? 0,
      jams: jams ?? 0,
      failures: state.failed.get(id) ?? state.failures.get(id) ?? 0,
      ...(failure === undefined ? {} : { error: failure.text, failedAt: failure.ms }),
    }
  })
}

function whereabouts(state: QueueState, id: string): Pick<Inspection, 'state'> & Partial<Inspection> {
  const leaseEnd = state.processing.score(id)
  const dueAt = state.delayed.score(id)
  if (!state.committed.has(id)) return { state: state.failed.has(id) ? 'failed' : 'absent' }
  if (leaseEnd !== undefined) {
    const held = state.lease.get(id) ?? ''
    const ahead = held.startsWith('~')
    return {
      state: 'processing',
      leaseEnd,
      token: ahead ? held.slice(1) : held,
      ...(ahead ? { ahead } : {}),
      ...(state.withdrawn.has(id) ? { withdrawn: true } : {}),
      ...(state.owed.has(id) ? { owed: true } : {}),
    }
  }
  return dueAt === undefined ? { state: 'queued' } : { state: 'delayed', dueAt }
}

/** A page of the IDs in one state. */
export function list(state: QueueState, { state: which, cursor, limit }: ListRequest): Page {
  const next = (size: number): number | null => (cursor + limit < size ? cursor + limit : null)
  if (which === 'queued') {
    // By windows of the line; a stale entry in one makes the page shorter, never wrong.
    const ids = state.queued.slice(cursor, limit).filter((id) => stateOf(state, id) === 'queued')
    return { ids, cursor: next(state.queued.size) }
  }
  const places = { processing: state.processing, delayed: state.delayed, failed: state.failedAt }
  const place = places[which]
  return { ids: place.slice(cursor, limit), cursor: next(place.size) }
}

function stateOf(state: QueueState, id: string): State {
  return whereabouts(state, id).state
}

/** The numbers of the queue. */
export function counts(state: QueueState, now: number): Counts {
  const committed = state.committed.size
  const processing = state.processing.size
  const delayed = state.delayed.size
  const queued = committed - processing - delayed
  const totals = Object.fromEntries(TOTALS.map((name) => [name, state.totals[name]])) as Counts['totals']
  return {
    now: Math.floor(now / 1000),
    committed,
    queued,
    delayed,
    processing,
    failed: state.failed.size,
    totals,
    runningSince: runningSince(state),
    approximate: processing > 1000,
    waitingSince: queued > 0 ? waitingSince(state) : -1,
  }
}

/** The oldest start among the 1,000 claims that lapse first: all of them, as a rule. */
function runningSince(state: QueueState): number {
  let since = -1
  for (const id of state.processing.slice(0, 1000)) {
    const held = state.lease.get(id) ?? '~'
    if (held.startsWith('~')) continue
    const at = Number(held.split(':')[1])
    if (since === -1 || at < since) since = at
  }
  return since
}

/** The last mark at or before the head of the line, by halving. */
function waitingSince({ marks, totals }: QueueState): number {
  let low = 0
  let high = marks.size - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((marks.at(middle)?.place ?? 0) <= totals.taken + 1) low = middle
    else high = middle - 1
  }
  return marks.at(low)?.ms ?? -1
}
