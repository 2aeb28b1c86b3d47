import type { Mend, MendReply, MendRequest } from '../audit-verbs.js'
import { LAYOUT } from '../store.js'
import { blocked, lineSize, toTail } from './line.js'
import { partsOf, rankOf } from './naming.js'
import { newest } from './news.js'
import type { QueueState } from './state.js'

/** Bring IDs into exactly one state again; what is in order is left as it is. */
export function mend(state: QueueState, request: MendRequest, now: number): MendReply {
  const { totals, committed, meta } = state
  const ms = Math.floor(now / 1000)
  const tail: string[] = []
  const before = committed.size
  const mended = request.mends.map((one) => {
    if (one.how === 'forget') return '0'
    if (one.how === 'unkeep') return unkeep(state, one.id) ? '1' : '0'
    return (one.how === 'blank' ? blank(state, one) : sort(state, one, request, ms, tail)) ? '1' : '0'
  })
  toTail(state, tail, ms)

  // No message goes behind one that stands.
  const position = newest(state)
  const epoch = request.epoch > totals.epoch
  if (epoch) totals.epoch = request.epoch
  // It comes back: entered once more.
  if (committed.size > before) totals.entered = Math.max(totals.entered, totals.left + committed.size)
  const balance = request.balance && totals.entered - totals.left !== committed.size
  if (balance) {
    totals.entered = Math.max(totals.entered, totals.left + committed.size)
    totals.left = totals.entered - committed.size
    totals.position = position
  }
  const marks = request.marks || (state.queued.size > 0 && state.marks.size === 0)
  if (marks) {
    state.marks.clear()
    if (state.queued.size > 0) state.marks.push({ place: totals.taken + 1, ms })
    totals.marked = ms
  }
  const layout = request.layout && meta.layout === ''
  if (layout) meta.layout = String(LAYOUT)
  const journal = request.journal && state.control.journal === 0 && state.events.size > 0
  // What happened while none was kept leaves a gap.
  if (journal) [state.control.journal, totals.position] = [state.events.size, position + 1]
  const wake = state.wake === 0 && lineSize(state) > 0 && !blocked(state, ms)
  if (wake) state.wake = 1
  const whole = [epoch, balance, marks, layout, false, journal, wake]
  return { mended: mended.join(''), whole: whole.map((due) => (due ? '1' : '0')).join('') }
}

function entryAt({ queued, totals }: QueueState, place: number): string | undefined {
  return queued.at(place - totals.taken - 1)
}

/** No ID is empty, so a claim drops the entry as it drops all that is stale. */
function blank(state: QueueState, { id, place, twin }: Mend & { how: 'blank' }): boolean {
  const { committed, processing, lease, delayed, prioritized, owed, ghosts, queued, totals } = state
  const elsewhere = processing.has(id) || lease.has(id) || delayed.has(id) || prioritized.has(id)
  const waits = committed.has(id) && !elsewhere
  const marked = ghosts.has(id) && !waits && (elsewhere || !owed.has(id))
  const double = twin !== null && twin !== place && entryAt(state, twin) === id
  if (entryAt(state, place) !== id || (!double && (waits || marked))) return false
  queued.put(place - totals.taken - 1, '')
  return true
}

/** Of a result or log and its time, the one without the other. */
function unkeep({ results, kept }: QueueState, name: string): boolean {
  if (results.has(name) === kept.has(name)) return false
  results.delete(name)
  kept.delete(name)
  return true
}

/**
 * What is processing, or leased, stays so, whatever else is said of the ID: no claim is ever taken from whoever holds
 * its token. Nor is an ID made up that no part names.
 */
function sort(
  state: QueueState,
  one: Exclude<Mend, { how: 'blank' | 'forget' | 'unkeep' }>,
  { lease: term, error }: MendRequest,
  ms: number,
  tail: string[],
): boolean {
  const { committed, processing, lease, delayed, failed, failedAt, failures, errors, tries } = state
  const { withdrawn, owed, ghosts, prioritized, totals, remembered, payload, priority, since, progress } = state
  const { how, id } = one
  const held = partsOf(state).map((part) => part.has(id))
  const [c, p, l, d, f, a, n, e, t, w, o, g, r, m, b, x, s, j] = held
  if (one.how === 'commit' && (c || p || l || d || f || a || g || r || m || entryAt(state, one.place) !== id))
    return false
  if (one.how === 'rank') {
    if (!c || !x || p || l || d || r || entryAt(state, one.place) !== id) return false
    ghosts.add(id)
    tail.push(id)
    return true
  }
  let wrote = false
  const write = (due: boolean | undefined, what: () => unknown): void => {
    if (!due) return
    what()
    wrote = true
  }
  const note = (): unknown => errors.set(id, { ms, text: error })

  if (c || p || l || d || o || r || how === 'commit') {
    const runs = p || l
    const times = n || f || a
    write(!c, () => committed.add(id))
    write(m, () => remembered.delete(id))
    write(l && !p, () => processing.set(id, ms + term))
    // Nobody has this token: its IDs lapse, and a sweep takes them.
    write(p && !l, () => lease.set(id, `${totals.epoch}:${ms}:audit:0`))
    write(runs && d, () => delayed.delete(id))
    const score = prioritized.score(id) ?? 0
    const ranked = r && !runs && !d
    const anew = ranked && (x ? rankOf(score) !== priority.get(id) : rankOf(score) === 0)
    write(r && (!ranked || (anew && !x)), () => prioritized.delete(id))
    write(ranked && !x && !anew, () => priority.set(id, rankOf(score)))
    write((f || a) && !n, () => failures.set(id, failed.get(id) ?? 1))
    write(f || a, () => failed.delete(id))
    write(f || a, () => failedAt.delete(id))
    // A failed attempt has left an error, and no failure is counted yet.
    write(e && !times && !t, () => failures.set(id, 1))
    write(times && !e, note)
    // One that is elsewhere may have a stale entry in the line; by that of one that waits it waits.
    write(g && (how === 'unmark' || !(runs || d || r)), () => ghosts.delete(id))
    write(!runs && j, () => progress.delete(id))
    write(!runs && w, () => withdrawn.delete(id))
    write(!runs && o, () => owed.delete(id))
    write(anew || (!runs && !d && !r && (how === 'push' || (o && !c))), () => tail.push(id))
    return wrote
  }
  write(f && !a, () => failedAt.set(id, ms))
  write(a && !f, () => failed.set(id, 1))
  write((f || a) && !e, note)
  write(e && !(f || a), () => errors.delete(id))
  write(n, () => failures.delete(id))
  write(t, () => tries.delete(id))
  write(w, () => withdrawn.delete(id))
  write(g && how === 'unmark', () => ghosts.delete(id))
  write(s, () => since.delete(id))
  write(j, () => progress.delete(id))
  write(m && (f || a), () => remembered.delete(id))
  write(b && !f && !a, () => payload.delete(id))
  write(x && !f && !a, () => priority.delete(id))
  return wrote
}
