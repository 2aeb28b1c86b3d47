import { checkBy } from '../check.js'
import { ConvoyError } from '../errors.js'
import { type AnyQueue, insideOf, Queue } from '../queue.js'
import { type Duration, pause, show } from '../time.js'
import type { Finding } from './findings.js'
import { AUDIT_OPTIONS } from './options.js'
import { LIMIT, Pass } from './pass.js'

export type { Finding } from './findings.js'
export type { Kind } from './kinds.js'

export interface AuditOptions {
  /** Every ID, in looks of a few milliseconds each. Default true; else the totals alone, in constant time. */
  readonly full?: boolean
  /** Mends what is found. Default false. */
  readonly repair?: boolean
  /** IDs named per kind of orphan. Default 20. */
  readonly sample?: number
  /** The longest lease of any worker: what a claim gets whose lease end is gone. Default the queue's. */
  readonly lease?: Duration
  readonly signal?: AbortSignal
}

/** What an audit found: plain data, for people and for cron. */
export interface AuditReport {
  readonly queue: string
  readonly full: boolean
  readonly repair: boolean
  /** Nothing was found. */
  readonly clean: boolean
  /** False: the line grew faster than it could be read, so IDs that stand nowhere were not looked for. Try again. */
  readonly complete: boolean
  /** The server's clock, ms since 1970. */
  readonly began: number
  readonly ended: number
  /** As it was at the end. */
  readonly committed: number
  readonly processing: number
  readonly delayed: number
  readonly entered: number
  readonly left: number
  readonly findings: readonly Finding[]
}

/** ms. An idle worker that took the token asks again after five seconds at most. */
const WAKE_AFTER = 6_000

/**
 * Holds a queue to its laws, while it works: what it tells of is wrong, and was not merely moving. With `full: false` it
 * compares the totals, in constant time. Else it looks at every ID, some hundreds at a time; this process then keeps the
 * IDs of the line in memory, about 100 bytes each.
 *
 * With `repair` each orphan goes where it is safest: what may still have to run is put into the line, what is under a
 * lease stays under it until it is settled or lapses, and only records that name nobody are dropped. No live claim is
 * ended, and no ID is made up.
 *
 * Throws BAD_OPTION, and what any call throws: UNAVAILABLE, OUTCOME_UNKNOWN, CLOSED, ABORTED …
 */
export async function audit(queue: AnyQueue, options?: AuditOptions): Promise<AuditReport> {
  if (!(queue instanceof Queue)) {
    throw new ConvoyError('BAD_OPTION', `audit: expected a queue of createQueue, not ${show(queue)}`)
  }
  const given = checkBy<{ full: boolean; repair: boolean; sample: number; lease?: number; signal?: AbortSignal }>(
    AUDIT_OPTIONS,
    'audit',
    options,
  )
  const { full, repair, sample, signal } = given
  if (repair && !full) throw new ConvoyError('BAD_OPTION', 'audit: repair: only with full')
  const { settings, store: bare, call } = insideOf(queue)
  const { clock, lease, publishTimeout, policy } = settings
  const role = 'operator'
  const pass = new Pass(
    {
      // Before the queue is opened, which would write the layout that may be missing.
      glance: (request) => bare.audit(request, { timeout: publishTimeout }),
      look: (request) => call(role, (store, patience) => store.audit(request, patience)),
      mend: (request) => call(role, (store, patience) => store.mend(request, patience)),
      pause: (ms) => pause(clock, ms, signal),
    },
    {
      full,
      repair,
      sample,
      lease: given.lease ?? lease,
      limit: LIMIT,
      wakeAfter: WAKE_AFTER,
      active: policy?.active ?? 0,
      opened: true,
      ...(signal === undefined ? {} : { signal }),
    },
  )
  const { first, last } = await pass.run()
  const findings = pass.findings.list()
  const { committed, processing, delayed } = last.sizes
  const { entered, left } = last.totals
  return {
    queue: queue.name,
    full,
    repair,
    clean: findings.length === 0 && pass.complete,
    complete: pass.complete,
    began: first.now,
    ended: last.now,
    ...{ committed, processing, delayed, entered, left },
    findings,
  }
}
