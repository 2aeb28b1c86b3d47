import type { DedupePolicy, Traits } from '../policy.js'
import { raise, setPayload, setPriority } from './baggage.js'
import { isRemembered } from './keepsakes.js'
import { owe } from './owed.js'
import type { QueueState } from './state.js'

/** One call of `publish`. */
export interface Publishing {
  readonly state: QueueState
  readonly policy: DedupePolicy
  readonly ms: number
  /** Those that go to the tail at its end, in the order in which they came to it. */
  readonly tail: Set<string>
}

/** What becomes of one ID: a letter of `VERDICTS`. */
export function place(call: Publishing, id: string, traits: Traits): string {
  const { schedules } = call.state
  const { slot } = traits
  if (slot === undefined) return meet(call, id, traits)
  const schedule = schedules.get(id)
  if (schedule === undefined || schedule.slot >= slot) return 'n'
  const letter = meet(call, id, traits)
  // What found no room may come again.
  if (letter !== 'x' && letter !== 'z') schedules.set(id, { ...schedule, slot })
  return letter
}

/** By where it is. */
function meet(call: Publishing, id: string, traits: Traits): string {
  const { state, policy, ms } = call
  const at = traits.runAt ?? ms + (traits.delay ?? 0)
  const wanted = at > ms ? at : 0
  if (state.processing.has(id)) {
    const bound = state.withdrawn.has(id) || state.owed.has(id)
    if (!bound && policy.processing === 'discard') return 'p'
    const letter = owe(state, id, policy, traits, wanted)
    if (letter === 'r') bear(call, id, wanted)
    return letter
  }
  if (state.delayed.has(id)) return meetDelayed(call, id, traits, wanted)
  if (state.committed.has(id)) return meetWaiting(call, id, traits)
  if (isRemembered(state, id, ms)) return 'm'
  state.remembered.delete(id)
  return enter(call, id, traits, wanted)
}

/** A run is asked for: its time counts from here. That of a run before it is over, or nothing goes by it any more. */
function bear({ state: { since }, policy, ms }: Publishing, id: string, wanted: number): void {
  if (policy.stamp || (policy.timing === 'latest' && wanted > 0)) since.set(id, ms)
  else since.delete(id)
}

function enter(call: Publishing, id: string, traits: Traits, wanted: number): string {
  const { state, policy, tail } = call
  const { committed, failed, delayed } = state
  const back = failed.has(id)
  if (back && policy.failed === 'hold') return 'h'
  if (policy.maxLength && committed.size >= policy.maxLength) return back ? 'z' : 'x'
  if (back) revive(state, id)
  committed.add(id)
  setPayload(state, id, traits.payload)
  setPriority(state, id, traits.priority ?? 0)
  bear(call, id, wanted)
  if (wanted === 0) {
    tail.add(id)
    return back ? 'f' : 'q'
  }
  delayed.set(id, wanted)
  return back ? 'g' : 'w'
}

/** Out of the failed; its count travels with it. */
export function revive(state: QueueState, id: string): void {
  state.failures.set(id, state.failed.get(id) as number)
  state.failed.delete(id)
  state.failedAt.delete(id)
}

function meetWaiting({ state, policy, tail }: Publishing, id: string, traits: Traits): string {
  const replaced = replace(state, policy, id, traits)
  const raised = raise(state, id, traits.priority)
  if (raised) {
    // Raised out of the line: its entry there is stale from now on.
    if (!tail.delete(id) && !state.prioritized.delete(id)) state.ghosts.add(id)
    tail.add(id)
  }
  return replaced || raised ? 'u' : 'd'
}

function meetDelayed(call: Publishing, id: string, traits: Traits, wanted: number): string {
  const { state, policy, ms, tail } = call
  const was = state.delayed.score(id) as number
  const replaced = replace(state, policy, id, traits)
  const raised = raise(state, id, traits.priority)
  const due = retime(call, id, was, wanted)
  const letter = replaced || raised || due !== was ? 'v' : 'y'
  if (due !== was && due <= ms) {
    state.delayed.delete(id)
    tail.add(id)
  } else {
    state.delayed.set(id, due)
  }
  return letter
}

/** When what waits for its time is due after this publish. */
function retime({ state, policy, ms }: Publishing, id: string, was: number, wanted: number): number {
  const { timing = 'first', maxWait } = policy
  if (timing === 'first') return was
  // It failed or jammed before: a pause that was earned is not cut short.
  const least = state.tries.has(id) ? was : Number.NEGATIVE_INFINITY
  if (timing === 'earliest') return Math.max(least, Math.min(was, wanted))
  // Put off for the first time now: from here on it is known how long that goes on.
  if (!state.since.has(id)) state.since.set(id, ms)
  const cap =
    maxWait === undefined ? Number.POSITIVE_INFINITY : Math.max((state.since.get(id) as number) + maxWait, was)
  return Math.max(least, Math.min(wanted || ms, cap))
}

/** The newest payload, where the policy wants it; none is one, too. */
function replace(state: QueueState, { waiting }: DedupePolicy, id: string, { payload }: Traits): boolean {
  if (waiting !== 'replace' || state.payload.get(id) === payload) return false
  setPayload(state, id, payload)
  return true
}
