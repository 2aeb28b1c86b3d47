import type { Jammed, SweepReply, SweepRequest } from '../step.js'
import { lookAhead, nobodyKnows, nudge } from './alarm.js'
import { type Failing, recordFailures } from './failures.js'
import { purge } from './keepsakes.js'
import { arm, promote } from './line.js'
import { News } from './news.js'
import { begin, merge } from './owed.js'
import { endClaim, forget, hold, Places } from './places.js'
import type { QueueState } from './state.js'

/** Recover what jammed, move what is due, re-arm the wake token, drop the records of dead workers. */
export function sweep(state: QueueState, request: SweepRequest, now: number): SweepReply {
  const ms = Math.floor(now / 1000)
  const { guard } = state
  if (request.guard !== null) {
    // Only a saving of work: safety never depends on who holds this.
    // A guard that sweeps more often does not wait for one that has not for longer than that.
    const until = Math.min(guard.until, guard.at + Math.floor(request.guard.every * 1.5))
    if (guard.holder !== '' && guard.holder !== request.guard.id && until > ms && guard.at <= ms) {
      return { held: false, wait: until - ms, more: false, jammed: [] }
    }
    guard.holder = request.guard.id
    guard.until = ms + Math.floor(request.guard.every * 1.5)
  }
  giveGrace(state, request.lease, ms)
  const far = shorten(state, request, ms)
  const before = lookAhead(state)
  const news = News.of(state)
  const over = purge(state, ms)
  promote(state, ms)

  const lapsed = state.processing.between(Number.NEGATIVE_INFINITY, ms, request.limit)
  const look = Math.max(1, Math.floor(Math.floor(request.lease / 2) / 2))
  const wait = lapsed.length > 0 && guard.grace > ms ? Math.min(guard.grace - ms, look) : 0
  const jammed = wait > 0 || lapsed.length === 0 ? [] : recover(state, lapsed, request, ms, news)
  dropRecords(state, ms)
  arm(state, ms)
  if (nobodyKnows(state, before, ms)) nudge(state)
  news?.send(state, ms, ['jammed', 'failed'])
  return { held: true, wait, more: far || over || (wait === 0 && lapsed.length === request.limit), jammed }
}

/**
 * Nobody swept for half a lease: the server may have been away, and its living workers with it. They get half a lease
 * to renew before anything is recovered, and are looked in on meanwhile, so that a second outage is noticed as well.
 */
function giveGrace({ guard }: QueueState, lease: number, ms: number): void {
  const half = Math.floor(lease / 2)
  if (ms < guard.at || ms > guard.at + half) guard.grace = ms + half
}

/**
 * The clock was set back since the last sweep: a lease that ends later than one that is given now is shortened to that. Who
 * lives renews it as before, and who died is not waited for until that time comes again. Answers whether there are more;
 * until there are none, it was swept last in a time to come.
 */
function shorten({ guard, processing }: QueueState, { limit, lease }: SweepRequest, ms: number): boolean {
  const far = ms < guard.at ? processing.between(ms + lease + 1, Number.POSITIVE_INFINITY, limit) : []
  for (const id of far) processing.set(id, ms + lease)
  if (far.length < limit) guard.at = ms
  return far.length === limit
}

function recover(
  state: QueueState,
  lapsed: readonly string[],
  request: SweepRequest,
  ms: number,
  news: News | undefined,
): Jammed[] {
  const { totals } = state
  const places = new Places()
  const failing: Failing[] = []

  const jammed = lapsed.map((id): Jammed => {
    const held = state.lease.get(id) ?? ''
    const started = !held.startsWith('~')
    const token = started ? held : held.slice(1)
    const owed = state.owed.get(id)
    const withdrawn = state.withdrawn.has(id)
    const [attempts = '0', past = '0'] = (state.tries.get(id) ?? '0:0').split(':')
    let jams = Number(past)
    endClaim(state, id)

    if (owed !== undefined && (withdrawn || owed.superseded)) {
      forget(state, id)
      return { id, token, jams, started, now: begin(state, id, owed, places, ms) }
    }
    if (withdrawn) {
      state.tries.delete(id)
      places.free.push(id)
      return { id, token, jams, started, now: 'absent' }
    }
    if (!started) return { id, token, jams, started, now: back(id, merge(state, id, owed)) }

    jams++
    totals.jammed++
    news?.add('jammed', id)
    if (jams > request.maxJams) {
      totals.failed++
      news?.add('failed', id)
      state.tries.delete(id)
      failing.push({ id, text: request.error, stays: owed !== undefined })
      if (owed !== undefined) return { id, token, jams, started, now: begin(state, id, owed, places, ms) }
      places.failed.push(id)
      return { id, token, jams, started, now: 'failed' }
    }
    state.tries.set(id, `${attempts}:${jams}`)
    const due = merge(state, id, owed)
    if (jams === 1) return { id, token, jams, started, now: back(id, due) }
    // Later jams wait, so that a poison ID does not take its neighbours down again and again.
    const pause = Math.floor(jams * request.lease + request.jitter * Math.floor(request.lease / 2))
    const until = Math.max(ms + pause, due)
    if (!request.ordered) return { id, token, jams, started, now: back(id, until) }
    hold(state, id, until, ms)
    return { id, token, jams, started, now: back(id, 0) }
  })

  recordFailures(state, failing, ms, request.keepFailed)
  places.write(state, ms)
  return jammed

  function back(id: string, due: number): 'queued' | 'delayed' {
    if (due <= ms) places.head.push(id)
    else places.later.push({ id, due })
    return due <= ms ? 'queued' : 'delayed'
  }
}

const HOUR = 3_600_000

/** The step record of a worker that said nothing for an hour. Of more than 500, the 200 looked at longest ago. */
function dropRecords({ steps }: QueueState, ms: number): void {
  let left = steps.size <= 500 ? steps.size : 200
  const rotate = left < steps.size
  for (const [field, record] of steps) {
    if (left-- <= 0) return
    const dead = record.ms + HOUR <= ms
    if (dead || rotate) steps.delete(field)
    if (rotate && !dead) steps.set(field, record)
  }
}
