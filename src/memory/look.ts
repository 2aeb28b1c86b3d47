import type { Counts } from '../figures.js'
import { TOTALS } from '../figures.js'
import type { Inspection, ListRequest, Page, State } from '../store.js'
import { isRemembered } from './keepsakes.js'
import { lineSize } from './line.js'
import type { QueueState } from './state.js'

// The verbs that only look.

/** Everything known of each ID. */
export function inspect(state: QueueState, ids: readonly string[], now: number): Inspection[] {
  const ms = Math.floor(now / 1000)
  return ids.map((id) => {
    const [attempts, jams] = (state.tries.get(id) ?? '0:0').split(':').map(Number)
    const failure = state.errors.get(id)
    return {
      id,
      ...whereabouts(state, id, ms),
      attempts: attempts ?? 0,
      jams: jams ?? 0,
      failures: state.failed.get(id) ?? state.failures.get(id) ?? 0,
      ...(failure === undefined ? {} : { error: failure.text, failedAt: failure.ms }),
      ...baggageOf(state, id),
    }
  })
}

/** Where an ID is. */
export function stateOf(state: QueueState, id: string, ms: number): State {
  if (state.committed.has(id)) {
    if (state.processing.has(id)) return 'processing'
    return state.delayed.has(id) ? 'delayed' : 'queued'
  }
  if (state.failed.has(id)) return 'failed'
  return isRemembered(state, id, ms) ? 'remembered' : 'absent'
}

function whereabouts(state: QueueState, id: string, ms: number): Pick<Inspection, 'state'> & Partial<Inspection> {
  const is = stateOf(state, id, ms)
  switch (is) {
    case 'processing': {
      const held = state.lease.get(id) ?? ''
      const ahead = held.startsWith('~')
      const progress = state.progress.get(id)
      return {
        state: is,
        leaseEnd: state.processing.score(id) as number,
        token: ahead ? held.slice(1) : held,
        ...(ahead ? { ahead } : {}),
        ...(state.withdrawn.has(id) ? { withdrawn: true } : {}),
        ...(state.owed.has(id) ? { owed: true } : {}),
        ...(progress === undefined ? {} : { progress }),
      }
    }
    case 'delayed':
      return { state: is, dueAt: state.delayed.score(id) as number }
    case 'remembered':
      return { state: is, forgetAt: state.remembered.score(id) as number }
    case 'queued':
    case 'failed':
    case 'absent':
      return { state: is }
  }
}

function baggageOf(state: QueueState, id: string): Pick<Inspection, 'priority' | 'payload'> {
  const priority = state.priority.get(id)
  const payload = state.payload.get(id)
  return { ...(priority === undefined ? {} : { priority }), ...(payload === undefined ? {} : { payload }) }
}

/** A page of the IDs in one state. */
export function list(state: QueueState, { state: which, cursor, limit }: ListRequest): Page {
  const next = (size: number): number | null => (cursor + limit < size ? cursor + limit : null)
  if (which === 'queued') return { ids: queuedFrom(state, cursor, limit), cursor: next(lineSize(state)) }
  const places = { processing: state.processing, delayed: state.delayed, failed: state.failedAt }
  const place = places[which]
  return { ids: place.slice(cursor, limit), cursor: next(place.size) }
}

/** In the order of their claims. By windows of the line; a stale entry in one makes the page shorter, never wrong. */
function queuedFrom(state: QueueState, cursor: number, limit: number): string[] {
  const { queued, prioritized, committed, processing, delayed } = state
  const before = prioritized.between(Number.NEGATIVE_INFINITY, 0)
  const inLine = (id: string): boolean =>
    committed.has(id) && !processing.has(id) && !delayed.has(id) && !prioritized.has(id)
  const first = Math.max(0, cursor - before.length)
  const line = queued.slice(first, Math.max(0, cursor + limit - before.length - first))
  const past = Math.max(0, cursor - before.length - queued.size)
  const end = Math.max(0, cursor + limit - before.length - queued.size)
  return [
    ...before.slice(cursor, cursor + limit),
    ...line.filter(inLine),
    ...prioritized.slice(before.length + past, end - past),
  ]
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
    // Of the line alone: nobody notes when those beside it came.
    waitingSince: queued > state.prioritized.size ? waitingSince(state) : -1,
    remembered: state.remembered.size,
    paused: state.control.paused,
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
