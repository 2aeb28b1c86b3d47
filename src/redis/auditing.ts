import { type AuditReply, type MendRequest, NAMING, type Named } from '../audit-verbs.js'
import { COUNTERS } from '../figures.js'
import { LAYOUT } from '../store.js'

/** What `audit` answers and `mend` is told, between the contract's shapes and the scripts'. */

type AuditAnswer = [
  now: number,
  sizes: number[],
  length: number,
  wake: number,
  marks: number,
  layout: string,
  guard: number,
  totals: (string | null)[],
  head: string[],
  headParts: number[],
  place: string,
  line: string[],
  lineParts: number[],
  page: string[],
  pageParts: number[],
  tokens: string[],
  cursor: string,
  held: number,
  extras: number,
  journal: number,
]

export function look(reply: unknown): AuditReply {
  const [now, sizes, length, wake, marks, layout, guard, totals, head, headParts, ...rest] = reply as AuditAnswer
  const [place, line, lineParts, page, pageParts, tokens, cursor, held, extras, journal] = rest
  return {
    now,
    sizes: Object.fromEntries(NAMING.map((name, i) => [name, sizes[i]])) as AuditReply['sizes'],
    length,
    wake,
    marks,
    totals: Object.fromEntries(COUNTERS.map((name, i) => [name, Number(totals[i] ?? 0)])) as AuditReply['totals'],
    layout,
    guard: guard === 1,
    head: named(head, headParts),
    place: Number(place),
    line: named(line, lineParts),
    page: named(page, pageParts, tokens),
    cursor,
    held: held === 1,
    extras: extras === 1,
    journal: journal === 1,
  }
}

function named(ids: readonly string[], parts: readonly number[], tokens: readonly string[] = []): Named[] {
  return ids.map((id, i) => {
    const token = tokens[i]
    return { id, parts: parts[i] as number, ...(token === undefined ? {} : { token }) }
  })
}

export function mendArguments(request: MendRequest): string[] {
  const { lease, error, epoch, balance, marks, layout, guard, journal, mends } = request
  const flag = (due: boolean): string => (due ? '1' : '0')
  const whole = [flag(balance), flag(marks), layout ? String(LAYOUT) : '', flag(guard), flag(journal)]
  const each = mends.flatMap((mend) => {
    const place = 'place' in mend ? String(mend.place) : ''
    return [mend.how, mend.id, place, 'twin' in mend ? String(mend.twin ?? '') : '']
  })
  return [String(lease), error, String(epoch), ...whole, ...each]
}
