import type { Held, Settlement } from '../store.js'
import { type Failing, recordFailures } from './failures.js'
import { toHead, toTail } from './line.js'
import type { QueueState } from './state.js'

/** Under the token, or still marked as claimed ahead under it. */
function owns(held: string | undefined, token: string): boolean {
  return held !== undefined && !token.startsWith('~') && (held === token || held === `~${token}`)
}

/** Ends claims. All are judged before any is written. Answers a mark per ID, in order; nothing when all were accepted. */
export function settle(state: QueueState, settlements: readonly Settlement[], keepFailed: number, ms: number): string {
  const { lease, totals } = state
  const ending: string[] = []
  const free: string[] = []
  const tail: string[] = []
  const head: string[] = []
  const forget: string[] = []
  const failing: Failing[] = []
  let marks = ''
  let odd = false
  for (const settlement of settlements) {
    settlement.ids.forEach((id, place) => {
      if (!owns(lease.get(id), settlement.token)) {
        marks += '0'
        odd = true
        totals.lost++
        return
      }
      ending.push(id)
      const owed = state.owed.has(id)
      const next = owed ? tail : free
      if (state.withdrawn.has(id)) {
        // Withdrawn while it ran: this run does not count, whatever it says.
        marks += 'w'
        odd = true
        forget.push(id)
        next.push(id)
        return
      }
      marks += '1'
      switch (settlement.end) {
        case 'done':
          totals.done++
          forget.push(id)
          next.push(id)
          break
        case 'release':
          head.push(id)
          break
        case 'fail':
          totals.failed++
          failing.push({ id, text: settlement.errors[place] ?? '', stays: owed })
          next.push(id)
      }
    })
  }
  for (const id of ending) {
    state.processing.delete(id)
    lease.delete(id)
    state.withdrawn.delete(id)
    state.owed.delete(id)
  }
  for (const { id } of failing) state.tries.delete(id)
  for (const id of forget) {
    state.tries.delete(id)
    state.failures.delete(id)
    state.errors.delete(id)
  }
  recordFailures(state, failing, ms, keepFailed)
  for (const id of free) if (state.committed.delete(id)) totals.left++
  toHead(state, head)
  toTail(state, tail, ms)
  return odd ? marks : ''
}

/** Claimed ahead, begun since: from now on a lapse counts as a jam. */
export function begin(state: QueueState, started: readonly Held[]): void {
  for (const { token, ids } of started) {
    for (const id of ids) {
      const held = state.lease.get(id)
      if (held?.startsWith('~') && owns(held, token)) state.lease.set(id, held.slice(1))
    }
  }
}

/**
 * Moves the lease ends of what is still held; accepted after the lease end too, until a sweep has taken the ID. Marks
 * as those of `settle`, in the order asked.
 */
export function renew(state: QueueState, held: readonly Held[], leaseEnd: number): string {
  let marks = ''
  let odd = false
  for (const { token, ids } of held) {
    for (const id of ids) {
      if (!owns(state.lease.get(id), token)) {
        marks += '0'
        odd = true
      } else {
        // A withdrawn one is told so, and holds on: a run owed must not start beside the one that has not ended.
        const withdrawn = state.withdrawn.has(id)
        marks += withdrawn ? 'w' : '1'
        odd ||= withdrawn
        state.processing.set(id, leaseEnd)
      }
    }
  }
  return odd ? marks : ''
}
