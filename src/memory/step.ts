import { ConvoyError } from '../errors.js'
import type { StepReply, StepRequest } from '../store.js'
import { arm, promote } from './line.js'
import { begin, renew, settle } from './settle.js'
import type { QueueState } from './state.js'

/** What a step holds once it is done: its own token's IDs, until when. */
interface Claim {
  readonly token: string
  readonly leaseEnd: number
  readonly ids: string[]
}

/** One call of a worker: settle these, renew those, claim n more. */
export function step(state: QueueState, request: StepRequest, now: number): StepReply {
  const { worker, number, lane } = request
  const ms = Math.floor(now / 1000)
  const field = `${worker}:${lane}`
  const prior = state.steps.get(field)
  if (prior !== undefined && prior.number > number) {
    throw new ConvoyError('REFUSED', `STALE step ${number} after ${prior.number}`)
  }
  const answered = prior?.number === number ? prior : undefined

  const settled = answered?.settled ?? settle(state, request.settle, request.keepFailed, ms)
  const renewed = renew(state, request.renew, ms + request.lease)
  begin(state, request.started)

  let claim: Claim
  if (answered === undefined) {
    if (request.claim > 0) promote(state, ms)
    claim = take(state, request, now)
  } else {
    claim = again(state, answered.token, answered.leaseEnd)
  }
  const { token, leaseEnd, ids } = claim
  const tries = ids.length === 0 || state.tries.size === 0 ? [] : ids.map((id) => state.tries.get(id) ?? '')
  const dueIn = ids.length < request.claim ? tellDue(state, worker, ms) : -1

  if (answered === undefined) {
    // The last one counts in each lane: a late copy of an earlier step is refused, where it would claim for nobody.
    for (const lane of request.leaving ? [0, 1, 2] : [request.lane]) {
      state.steps.set(`${worker}:${lane}`, { number, ms, token, leaseEnd, settled })
    }
  }
  arm(state)
  return { settled, renewed, token, ids, tries, more: state.queued.size > 0, dueIn }
}

/** The same number again: the same claims, found by their token among those that share its lease end. */
function again(state: QueueState, token: string, leaseEnd: number): Claim {
  if (token === '') return { token, leaseEnd, ids: [] }
  const same = state.processing.between(leaseEnd, leaseEnd)
  const begun = same.filter((id) => state.lease.get(id) === token)
  const ahead = same.filter((id) => state.lease.get(id) === `~${token}`)
  return { token, leaseEnd, ids: [...begun, ...ahead] }
}

/** The only place where an ID leaves the line: by its place alone is judged whether it may. */
function take(state: QueueState, request: StepRequest, now: number): Claim {
  const { queued, committed, processing, lease, delayed, ghosts, totals } = state
  const ms = Math.floor(now / 1000)
  const ids: string[] = []
  let token = ''
  let ahead = ''
  let leaseEnd = 0
  let stale = 0
  while (ids.length < request.claim && queued.size > 0 && stale < 1000) {
    const count = Math.min(request.claim - ids.length, queued.size)
    totals.taken += count
    for (let n = 0; n < count; n++) {
      const id = queued.shift() as string
      // Also an entry that stands in the line twice (after a repair by hand): it counts once.
      if (!committed.has(id) || delayed.has(id) || processing.has(id)) {
        stale++
        ghosts.delete(id)
        continue
      }
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
  return { token, leaseEnd, ids }
}

/** One idle worker is told when the next delayed ID is due, and told anew once it has not asked for longer than it waits. */
function tellDue(state: QueueState, worker: string, ms: number): number {
  const first = state.queued.size === 0 ? state.delayed.first() : undefined
  if (first === undefined) return -1
  const { alarm } = state
  if (alarm !== null && alarm.worker !== worker && alarm.until > ms) return -1
  state.alarm = { worker, until: ms + 6000 }
  return Math.max(0, first.score - ms)
}
