import type { QueueState } from './state.js'

// What an ID has with it: its payload, its priority, when it was first published.

export function setPayload({ payload }: QueueState, id: string, text: string | undefined): void {
  if (text === undefined) payload.delete(id)
  else payload.set(id, text)
}

/** None is the same as 0. */
export function setPriority({ priority }: QueueState, id: string, to: number): void {
  if (to === 0) priority.delete(id)
  else priority.set(id, to)
}

/** A priority is only ever raised. True when it was. */
export function raise(state: QueueState, id: string, to: number | undefined): boolean {
  if (to === undefined || to <= (state.priority.get(id) ?? 0)) return false
  setPriority(state, id, to)
  return true
}

/** It waits or runs no more: nothing names it. */
export function dropBaggage(state: QueueState, id: string): void {
  state.payload.delete(id)
  state.priority.delete(id)
  state.since.delete(id)
}
