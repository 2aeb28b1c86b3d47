import type { DedupePolicy, Traits } from '../policy.js'
import { raise, setPayload, setPriority } from './baggage.js'
import type { Places } from './places.js'
import type { OwedRun, QueueState } from './state.js'

/** What a publish leaves behind that met a run: one more, at most. */
export function owe(
  state: QueueState,
  id: string,
  policy: DedupePolicy,
  traits: Traits,
  wanted: number,
): 'r' | 'o' | 's' {
  const before = state.owed.get(id)
  const superseded = before?.superseded === true || (policy.processing === 'supersede' && !state.withdrawn.has(id))
  if (before === undefined) {
    const due = wanted === 0 ? null : wanted
    state.owed.set(id, { superseded, due, priority: traits.priority ?? 0, payload: traits.payload })
    return 'r'
  }
  const replace = policy.processing !== 'discard' || policy.waiting === 'replace'
  const payload = replace ? traits.payload : before.payload
  const priority = Math.max(before.priority, traits.priority ?? before.priority)
  const due = retime(before.due ?? 0, wanted, policy) || null
  state.owed.set(id, { superseded, due, priority, payload })
  return payload !== before.payload || priority !== before.priority || due !== before.due ? 's' : 'o'
}

function retime(due: number, wanted: number, { timing = 'first' }: DedupePolicy): number {
  if (timing === 'first') return due
  return timing === 'earliest' ? Math.min(due, wanted) : wanted
}

/** As Redis holds it. */
export function owedText({ superseded, due, priority, payload }: OwedRun): string {
  if (!superseded && due === null && priority === 0 && payload === undefined) return ''
  return `${superseded ? 's' : ''}|${due ?? ''}|${priority || ''}|${payload === undefined ? '' : `p${payload}`}`
}

/** The ID stays for the run it is owed, with what that brings and nothing of the run before: its time counts from that publish. */
export function begin(state: QueueState, id: string, run: OwedRun, places: Places, ms: number): 'queued' | 'delayed' {
  state.tries.delete(id)
  setPayload(state, id, run.payload)
  setPriority(state, id, run.priority)
  if (run.due === null || run.due <= ms) {
    places.tail.push(id)
    return 'queued'
  }
  places.later.push({ id, due: run.due })
  return 'delayed'
}

/**
 * The run that is on comes back, and is the one that was owed as well: it takes over what that would bring, the payload
 * also where it brings none. Answers when that is due, or 0.
 */
export function merge(state: QueueState, id: string, run: OwedRun | undefined): number {
  if (run === undefined) return 0
  setPayload(state, id, run.payload)
  if (run.priority !== 0) raise(state, id, run.priority)
  return run.due ?? 0
}
