import { ConvoyError } from '../errors.js'
import type { StepReply, StepRequest } from '../step.js'
import { handOn, lookAhead, nobodyKnows, nudge, tellDue } from './alarm.js'
import { again, type Claim, take } from './claim.js'
import { purge } from './keepsakes.js'
import { Limits } from './limits.js'
import { promote } from './line.js'
import { News } from './news.js'
import { begin, renew, settle } from './settle.js'
import type { QueueState } from './state.js'

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
  const before = lookAhead(state)
  const limits = new Limits(state, request.policy ?? {})
  const news = News.of(state)

  const settled = answered?.settled ?? settle(state, request, ms, news)
  const renewed = renew(state, request.renew, ms + request.lease)
  begin(state, request.started, news)

  let claim: Claim
  if (answered === undefined) {
    purge(state, ms)
    if (request.claim > 0) promote(state, ms)
    claim = take(state, request, limits, now)
    if (news !== undefined) for (const id of claim.ids.slice(0, request.slots)) news.add('started', id)
  } else {
    claim = again(state, answered.token, answered.leaseEnd)
  }
  const { token, leaseEnd, ids } = claim
  const tries = ids.length === 0 || state.tries.size === 0 ? [] : ids.map((id) => state.tries.get(id) ?? '')

  const unknown = nobodyKnows(state, before, ms)
  // A worker that leaves would not come back to ask.
  const dueIn = ids.length < request.claim && !request.leaving ? tellDue(state, worker, limits, ms) : -1
  const full = request.claim > 0 && ids.length === request.claim
  const handed = (request.leaving || full) && handOn(state, worker, limits, ms)
  if ((unknown && dueIn === -1) || handed) nudge(state)

  if (answered === undefined) {
    // The last one counts in each lane: a late copy of an earlier step is refused, where it would claim for nobody.
    for (const lane of request.leaving ? [0, 1, 2] : [request.lane]) {
      state.steps.set(`${worker}:${lane}`, { number, ms, token, leaseEnd, settled })
    }
  }
  const more = limits.more(ms)
  if (more) state.wake = 1
  news?.send(state, ms, ['done', 'retried', 'failed', 'withdrawn', 'started'])
  return { settled, renewed, token, ids, tries, ...payloadsOf(state, ids), more, dueIn }
}

function payloadsOf({ payload }: QueueState, ids: readonly string[]): Pick<StepReply, 'payloads'> {
  if (payload.size === 0 || !ids.some((id) => payload.has(id))) return {}
  return { payloads: ids.map((id) => payload.get(id) ?? null) }
}
