import { type AuditReply, type AuditRequest, NAMING, type Named } from '../audit-verbs.js'
import { COUNTERS } from '../figures.js'
import { blocked } from './line.js'
import { namesIn, partsOf, rankOf } from './naming.js'
import type { Mark, QueueState } from './state.js'

/** A bounded look at what the verbs stand on. A part is one page here: nothing can move while it is read. */
export function audit(state: QueueState, request: AuditRequest, now: number): AuditReply {
  const { queued, totals, marks } = state
  const { part, cursor, from, returned, limit } = request
  const parts = partsOf(state)
  const named = (ids: readonly string[]): Named[] =>
    ids.map((id) => ({ id, parts: parts.reduce((sum, one, bit) => sum + (one.has(id) ? 2 ** bit : 0), 0) }))

  const back = returned < 0 ? 0 : Math.max(0, totals.returned - returned)
  const first = Math.max(0, from - totals.taken - 1)
  let page: readonly Named[] = []
  let after = ''
  if (part === 'marks') {
    const at = Number(cursor)
    const window = marks.slice(at, limit + 1)
    page = named(oddMarks(window, totals.taken + queued.size))
    if (window.length > limit) after = String(at + limit)
  } else if (part === 'results' || part === 'kept') {
    const names = part === 'results' ? [...state.results.keys()] : state.kept.slice()
    page = named(names.filter((name) => !(state.results.has(name) && state.kept.has(name))))
  } else if (part !== null && part !== 'steps') {
    page = named(namesIn(state, part))
    if (part === 'prioritized') page = page.map((one) => ({ ...one, token: isOdd(state, one.id) ? 'odd' : '' }))
    if (part === 'lease') page = page.map((one) => ({ ...one, token: state.lease.get(one.id) ?? '' }))
  }
  return {
    now: Math.floor(now / 1000),
    sizes: Object.fromEntries(NAMING.map((name) => [name, state[name].size])) as AuditReply['sizes'],
    length: queued.size,
    wake: state.wake,
    marks: marks.size,
    totals: Object.fromEntries(COUNTERS.map((name) => [name, totals[name]])) as AuditReply['totals'],
    layout: state.meta.layout,
    guard: true,
    head: named(queued.slice(0, Math.min(back, 1_000))),
    place: totals.taken + 1 + first,
    line: named(queued.slice(first, limit)),
    page,
    cursor: after,
    held: blocked(state, Math.floor(now / 1000)) || state.rate !== null,
    extras: true,
    journal: state.control.journal > 0 || state.events.size === 0,
  }
}

/** Its place is not that of its priority. */
function isOdd({ prioritized, priority }: QueueState, id: string): boolean {
  const its = priority.get(id)
  return its !== undefined && its !== rankOf(prioritized.score(id) as number)
}

/** Places rise from mark to mark, and none is beyond the tail. */
function oddMarks(window: readonly Mark[], tail: number): string[] {
  let last = Number.NEGATIVE_INFINITY
  return window.flatMap(({ place, ms }) => {
    const odd = place <= last || place > tail
    last = place
    return odd ? [`${place}:${ms}`] : []
  })
}
