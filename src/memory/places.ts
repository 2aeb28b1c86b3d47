import { dropBaggage } from './baggage.js'
import { toHead, toTail } from './line.js'
import type { QueueState } from './state.js'

/** Where the IDs go that one verb takes out of `processing`: written at its end, in one order. */
export class Places {
  /** Done with. */
  readonly free: string[] = []
  /** To `failed`: what they had with them stays. */
  readonly failed: string[] = []
  readonly head: string[] = []
  readonly tail: string[] = []
  readonly later: { readonly id: string; readonly due: number }[] = []

  write(state: QueueState, ms: number): void {
    for (const id of this.free) {
      leave(state, id)
      dropBaggage(state, id)
    }
    for (const id of this.failed) {
      leave(state, id)
      state.since.delete(id)
    }
    toHead(state, this.head)
    toTail(state, this.tail, ms)
    for (const { id, due } of this.later) state.delayed.set(id, due)
  }
}

function leave({ committed, totals }: QueueState, id: string): void {
  if (committed.delete(id)) totals.left++
}

/** A claim ends, whatever comes after it. */
export function endClaim(state: QueueState, id: string): void {
  state.processing.delete(id)
  state.lease.delete(id)
  state.withdrawn.delete(id)
  state.owed.delete(id)
  state.progress.delete(id)
}

/** Nothing is known of earlier runs any more. */
export function forget(state: QueueState, id: string): void {
  state.tries.delete(id)
  state.failures.delete(id)
  state.errors.delete(id)
}

/** The line stands until then, if it did not stand longer. For whom is known while it is for one alone. */
export function hold({ control }: QueueState, id: string, until: number, ms: number): void {
  control.holder = control.hold > ms ? '' : id
  control.hold = Math.max(control.hold, until)
}

export function letPass({ control }: QueueState): void {
  control.hold = 0
  control.holder = ''
}
