import type { ErrorCode } from '../../src/errors.js'
import type { Job } from '../../src/job.js'
import type { Worker } from '../../src/worker/worker.js'
import type { Host } from './host.js'

/** How a claim ended, as the server sees it. */
export type End = 'done' | 'fail' | 'retry' | 'release' | 'withdrawn' | 'superseded' | 'swept'

/** The ends that do not count, by the mark that tells of them. */
export const ODD: Readonly<Record<string, End>> = { w: 'withdrawn', s: 'superseded' }

/** One ID under one token. */
export interface Claim {
  readonly id: string
  readonly token: string
  readonly host: string
  /** What the server had done before. */
  readonly order: number
  /** When it was made or last renewed, by the world's time. */
  held: number
  ended: End | undefined
  /** What the server had done when it ended. */
  over: number
  run: Run | undefined
}

/** One call of a handler. */
export interface Run {
  readonly claim: Claim
  readonly host: Host
  readonly worker: Worker
  readonly job: Job
  outcome: 'returned' | 'threw' | undefined
  /** Why it was asked to stop, once its handler has ended: a settlement that waits for the last report may hear of more. */
  stopped: ErrorCode | undefined
  /** Its slot was freed while it ran: `overrun`, or a close whose grace was over. */
  abandoned: boolean
}

/** What is not true of a settle that was accepted; `once`: of a queue that runs at most once. */
export function untruth({ ended, run }: Claim, end: End, once: boolean): string | undefined {
  if (ended) return `it was ${ended} before`
  if (run && !run.outcome && !run.abandoned) return 'its handler runs'
  const stopped = run?.outcome ? run.stopped : run?.job.stopped?.code
  const late = stopped === 'JOB_TIMEOUT'
  // What was at work when its worker closed, as its lease lapsed, or until its slot was freed, is not begun again.
  const cut = run?.job.stopped
  if (once && end === 'fail' && cut && (run.abandoned || ['CLOSED', 'LEASE_LAPSED'].includes(cut.code)))
    return undefined
  if (end === 'done' && (run?.outcome !== 'returned' || late)) return 'its handler has not returned in time'
  const fails = end === 'fail' || end === 'retry'
  if (fails && run?.outcome !== 'threw' && !late) return 'its handler has not failed'
  if (fails && stopped && !late) return `it was asked to stop: ${stopped}`
  if (end === 'release' && run && !run.job.stopped) return 'nobody asked it to stop'
  if (end === 'release' && run && once) return 'it had begun'
  return undefined
}
