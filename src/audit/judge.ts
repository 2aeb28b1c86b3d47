import { type AuditReply, type Mend, NAMING, type Named, type Naming } from '../audit-verbs.js'
import type { Kind } from './kinds.js'
import type { Line, Seen } from './line.js'

/** One orphan, and what would mend it. */
export interface Orphan {
  readonly kind: Kind
  readonly mend: Mend
}

type In = Readonly<Record<Naming, boolean>>

function inOf({ parts }: Named): In {
  return Object.fromEntries(NAMING.map((name, bit) => [name, (parts & (1 << bit)) !== 0])) as In
}

const elsewhere = (on: In): boolean => on.processing || on.lease || on.delayed || on.prioritized
/** By its entry in the line. */
const waits = (on: In): boolean => on.committed && !elsewhere(on)

/** An entry of the line. `lost`: more IDs have entered than left and are committed, so an entry may be all that is left of one. */
export function judgeEntry(seen: Seen, lost: boolean): Orphan | null {
  const { id, place, twin } = seen
  // What a repair has blanked.
  if (id === '') return null
  const on = inOf(seen)
  const known = on.committed || elsewhere(on) || on.owed
  const good = waits(on) || (on.ghosts && (elsewhere(on) || !on.owed))
  const missing = !good && lost && !known && !on.failed && !on.failedAt && !on.remembered
  if (twin !== null && (good || missing)) {
    return { kind: 'twice', mend: { how: 'blank', id, place: Math.max(place, twin), twin: Math.min(place, twin) } }
  }
  if (good) return null
  if (missing) return { kind: 'uncommitted', mend: { how: 'commit', id, place } }
  return { kind: 'stale', mend: { how: 'blank', id, place, twin: null } }
}

/** How an ID on a page of a part is judged: by that part, so that no orphan is told twice. */
const RULES: Readonly<Record<Naming, (on: In, inLine: () => boolean, token?: string) => Kind | null>> = {
  committed: (on, inLine) => (waits(on) && !inLine() ? 'nowhere' : null),
  processing: (on) => {
    if (!on.lease) return 'unleased'
    if (!on.committed) return 'uncommitted'
    return on.delayed ? 'contradicted' : null
  },
  lease: (on) => (on.processing ? null : 'unclaimed'),
  delayed: (on) => (on.committed ? null : 'uncommitted'),
  failed: (on) => {
    if (on.committed) return 'contradicted'
    if (!on.failedAt) return 'unlisted'
    return on.errors ? null : 'errorless'
  },
  failedAt: (on) => {
    if (on.failed) return null
    return on.committed ? 'contradicted' : 'unlisted'
  },
  failures: (on) => {
    if (!on.committed) return 'nameless'
    return on.errors ? null : 'errorless'
  },
  errors: (on) => {
    if (on.failed || on.failedAt) return null
    if (!on.committed) return 'nameless'
    return on.failures || on.tries ? null : 'uncounted'
  },
  tries: (on) => (on.committed ? null : 'nameless'),
  withdrawn: (on) => (on.processing || on.lease ? null : 'nameless'),
  owed: (on) => (on.processing || on.lease ? null : 'owed'),
  ghosts: (on, inLine) => (waits(on) || !inLine() ? 'ghost' : null),
  prioritized: (on, _, token) => {
    if (!on.committed) return 'uncommitted'
    if (on.processing || on.lease || on.delayed) return 'contradicted'
    return on.priority && token === '' ? null : 'unranked'
  },
  remembered: (on) => (on.committed || on.failed || on.failedAt ? 'contradicted' : null),
  payload: (on) => (on.committed || on.failed || on.failedAt ? null : 'nameless'),
  priority: (on, inLine) => {
    if (!on.committed) return on.failed || on.failedAt ? null : 'nameless'
    return waits(on) && inLine() ? 'unranked' : null
  },
  since: (on) => (on.committed ? null : 'nameless'),
  progress: (on) => (on.processing || on.lease ? null : 'nameless'),
}

/** Parts of which an ID is judged by its standing in the line. */
export const BY_LINE: readonly Naming[] = ['committed', 'ghosts', 'priority']

export function judgePage(part: Naming, { page, totals }: AuditReply, line: Line): Orphan[] {
  return page.flatMap((one): readonly Orphan[] => {
    const on = inOf(one)
    const kind = RULES[part](on, () => line.holds(one.id, totals.taken), one.token)
    if (kind === null) return []
    const { id } = one
    if (kind === 'nowhere') return [{ kind, mend: { how: 'push', id } }]
    if (kind === 'unranked' && part === 'priority')
      return [{ kind, mend: { how: 'rank', id, place: line.placeOf(id) } }]
    if (kind === 'ghost' && !waits(on)) return [{ kind, mend: { how: 'unmark', id } }]
    return [{ kind, mend: { how: 'sort', id } }]
  })
}
