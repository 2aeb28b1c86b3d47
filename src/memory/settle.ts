import type { Held, Settlement, StepRequest } from '../step.js'
import { type Failing, recordFailures } from './failures.js'
import { keepResult } from './keepsakes.js'
import type { News } from './news.js'
import { begin as beginOwed, merge } from './owed.js'
import { endClaim, forget, hold, Places } from './places.js'
import type { OwedRun, QueueState } from './state.js'

/** Under the token, or still marked as claimed ahead under it. */
export function owns(held: string | undefined, token: string): boolean {
  return held !== undefined && !token.startsWith('~') && (held === token || held === `~${token}`)
}

/** Ends claims, no ID twice. Answers a mark per ID, in order; nothing when all were accepted. */
export function settle(state: QueueState, request: StepRequest, ms: number, news: News | undefined): string {
  const { lease, totals } = state
  const { settle: settlements, keepFailed, policy = {} } = request
  const places = new Places()
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
      const owed = state.owed.get(id)
      // Withdrawn or superseded while it ran: this run does not count, whatever it says; the latter may be done all the same.
      const gone = state.withdrawn.has(id)
      const superseded = !gone && owed?.superseded === true && settlement.end !== 'done'
      endClaim(state, id)
      if (gone || superseded) {
        marks += gone ? 'w' : 's'
        odd = true
        if (gone) news?.add('withdrawn', id)
        forget(state, id)
        next(id, owed)
        return
      }
      marks += '1'
      end(settlement, place, id, owed)
    })
  }
  recordFailures(state, failing, ms, keepFailed)
  places.write(state, ms)
  return odd ? marks : ''

  function next(id: string, owed: OwedRun | undefined): void {
    if (owed === undefined) places.free.push(id)
    else beginOwed(state, id, owed, places, ms)
  }

  function end(settlement: Settlement, place: number, id: string, owed: OwedRun | undefined): void {
    switch (settlement.end) {
      case 'done': {
        totals.done++
        news?.add('done', id)
        const result = settlement.results?.[place]
        keepResult(state, id, settlement.token, result, ms)
        if (owed === undefined) remember(state, id, request, ms)
        forget(state, id)
        next(id, owed)
        return
      }
      case 'release': {
        const due = merge(state, id, owed)
        if (due > ms) places.later.push({ id, due })
        else places.head.push(id)
        return
      }
      case 'fail':
        totals.failed++
        news?.add('failed', id)
        state.tries.delete(id)
        failing.push({ id, text: settlement.errors[place] ?? '', stays: owed !== undefined })
        if (owed === undefined) places.failed.push(id)
        else beginOwed(state, id, owed, places, ms)
        return
      case 'retry': {
        totals.retried++
        news?.add('retried', id)
        const [attempts = '0'] = (state.tries.get(id) ?? '0:0').split(':')
        state.tries.set(id, `${Number(attempts) + 1}:0`)
        state.errors.set(id, { ms, text: settlement.errors[place] ?? '' })
        const due = Math.max(ms + (settlement.delays[place] ?? 0), merge(state, id, owed))
        if (policy.ordered) {
          places.head.push(id)
          hold(state, id, due, ms)
        } else if (due > ms) places.later.push({ id, due })
        else places.tail.push(id)
      }
    }
  }
}

function remember(state: QueueState, id: string, { policy = {} }: StepRequest, ms: number): void {
  const { remember: time = 0, rememberFrom } = policy
  if (time <= 0) return
  const from = rememberFrom === 'publish' ? (state.since.get(id) ?? ms) : ms
  if (from + time > ms) state.remembered.set(id, from + time)
}

/** Claimed ahead, begun since: from now on a lapse counts as a jam. */
export function begin(state: QueueState, started: readonly Held[], news: News | undefined): void {
  for (const { token, ids } of started) {
    for (const id of ids) {
      const held = state.lease.get(id)
      if (!held?.startsWith('~') || !owns(held, token)) continue
      state.lease.set(id, held.slice(1))
      news?.add('started', id)
    }
  }
}

/**
 * Moves the lease ends of what is still held; accepted after the lease end too, until a sweep has taken the ID. Marks
 * as those of `settle`, in the order asked; and `o` where a run is owed.
 */
export function renew(state: QueueState, held: readonly Held[], leaseEnd: number): string {
  let marks = ''
  let odd = false
  for (const { token, ids } of held) {
    for (const id of ids) {
      if (!owns(state.lease.get(id), token)) {
        marks += '0'
        odd = true
        continue
      }
      // Who is withdrawn or superseded is told so, and holds on: a run owed must not start beside the one that has not ended.
      const mark = outlook(state, id)
      marks += mark
      odd ||= mark !== '1'
      state.processing.set(id, leaseEnd)
    }
  }
  return odd ? marks : ''
}

function outlook({ withdrawn, owed }: QueueState, id: string): 'w' | 's' | 'o' | '1' {
  if (withdrawn.size > 0 && withdrawn.has(id)) return 'w'
  const run = owed.size === 0 ? undefined : owed.get(id)
  if (run === undefined) return '1'
  return run.superseded ? 's' : 'o'
}
