import { Buffer } from 'node:buffer'
import type { StepRequest } from '../step.js'
import type { Limits } from './limits.js'
import type { QueueState } from './state.js'

/** Bytes that the payloads of one claim may have together; one alone may have more. */
const CARGO = 8_388_608

/** What a step holds once it is done: its own token's IDs, until when. */
export interface Claim {
  readonly token: string
  readonly leaseEnd: number
  readonly ids: string[]
}

/** The same number again: the same claims, found by their token among those that share its lease end. */
export function again(state: QueueState, token: string, leaseEnd: number): Claim {
  if (token === '') return { token, leaseEnd, ids: [] }
  const same = state.processing.between(leaseEnd, leaseEnd)
  const begun = same.filter((id) => state.lease.get(id) === token)
  const ahead = same.filter((id) => state.lease.get(id) === `~${token}`)
  return { token, leaseEnd, ids: [...begun, ...ahead] }
}

/** The only place where an ID leaves the line: by its place alone is judged whether it may. */
export function take(state: QueueState, request: StepRequest, limits: Limits, now: number): Claim {
  const { queued, prioritized, committed, processing, lease, delayed, ghosts, totals, payload } = state
  const ms = Math.floor(now / 1000)
  const allowed = limits.allow(request.claim, ms)
  const ids: string[] = []
  let token = ''
  let ahead = ''
  let leaseEnd = 0
  let stale = 0
  let cargo = 0
  let full = false

  takePrioritized(-1)
  while (ids.length < allowed && !full && queued.size > 0 && stale < 1000) {
    const count = Math.min(allowed - ids.length, queued.size)
    for (let n = 0; n < count && fits(queued.at(0) as string); n++) {
      const id = queued.shift() as string
      totals.taken++
      // Also an entry that stands in the line twice (after a repair by hand): it counts once.
      if (!committed.has(id) || delayed.has(id) || processing.has(id) || prioritized.has(id)) {
        stale++
        ghosts.delete(id)
        continue
      }
      hand(id)
    }
  }
  takePrioritized(1)
  limits.count(ids.length, ms)
  return { token, leaseEnd, ids }

  /** Whether its payload may go along. */
  function fits(id: string): boolean {
    const bytes = cargo + Buffer.byteLength(payload.get(id) ?? '')
    full = bytes > CARGO && cargo > 0
    if (!full) cargo = bytes
    return !full
  }

  /** Those before the line, or those behind it. */
  function takePrioritized(sign: -1 | 1): void {
    while (ids.length < allowed && !full && stale < 1000) {
      const first = prioritized.first()
      if (first === undefined || Math.sign(first.score) !== sign || !fits(first.id)) return
      prioritized.delete(first.id)
      if (!committed.has(first.id) || delayed.has(first.id) || processing.has(first.id)) stale++
      else hand(first.id)
    }
  }

  function hand(id: string): void {
    if (token === '') {
      totals.epoch = Math.max(now, totals.epoch + 1)
      leaseEnd = ms + request.lease
      token = `${totals.epoch}:${ms}:${request.worker}:${request.number}`
      ahead = `~${token}`
    }
    processing.set(id, leaseEnd)
    ids.push(id)
    lease.set(id, ids.length <= request.slots ? token : ahead)
  }
}
