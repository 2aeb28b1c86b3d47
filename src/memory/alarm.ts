import type { Limits } from './limits.js'
import { blocked, lineSize } from './line.js'
import type { QueueState } from './state.js'

// One idle worker is told when it is worth asking again; the others wait for the token.

/** What time alone brings: when the first delayed ID is due, and when the line goes on. */
export interface Ahead {
  readonly due: number | undefined
  readonly hold: number
}

export function lookAhead(state: QueueState): Ahead {
  return { due: state.delayed.first()?.score, hold: state.control.hold }
}

/**
 * What a verb has put in is due before all that was there `before`, or it holds the line: nobody was told of that time.
 * True when somebody is to be.
 */
export function nobodyKnows(state: QueueState, before: Ahead, ms: number): boolean {
  const { due, hold } = lookAhead(state)
  const sooner = due !== undefined && (before.due === undefined || due < before.due)
  if (!sooner && hold <= Math.max(before.hold, ms)) return false
  state.alarm = null
  return true
}

/** Wake one worker, so that it is told. */
export function nudge(state: QueueState): void {
  if (!state.control.paused) state.wake = 1
}

/** ms until this worker should ask again, or -1. It is told anew once it has not asked for longer than it waits. */
export function tellDue(state: QueueState, worker: string, limits: Limits, ms: number): number {
  const next = nextDue(state, limits, ms)
  if (next === undefined) return -1
  const { alarm } = state
  if (alarm !== null && alarm.worker !== worker && alarm.until > ms) return -1
  state.alarm = { worker, until: ms + 6000 }
  return Math.max(0, next - ms)
}

/** The first moment at which something can be claimed that now cannot, if time alone brings it. */
function nextDue(state: QueueState, limits: Limits, ms: number): number | undefined {
  const { paused, hold } = state.control
  if (paused) return undefined
  const first = state.delayed.first()?.score
  if (lineSize(state) === 0) return first
  const held = blocked(state, ms)
  const open = limits.spentUntil(ms)
  if (!held && open === undefined) return undefined
  return Math.min(
    first ?? Number.POSITIVE_INFINITY,
    held ? hold : Number.POSITIVE_INFINITY,
    open ?? Number.POSITIVE_INFINITY,
  )
}

/**
 * A worker that leaves, or has its hands full, will not ask in time: unless another was told, somebody is to be. True when
 * there is need.
 */
export function handOn(state: QueueState, worker: string, limits: Limits, ms: number): boolean {
  const { alarm } = state
  if (alarm !== null && alarm.worker !== worker && alarm.until > ms) return false
  state.alarm = null
  const spent = lineSize(state) > 0 && limits.spentUntil(ms) !== undefined
  return state.delayed.size > 0 || state.control.hold > ms || spent
}
