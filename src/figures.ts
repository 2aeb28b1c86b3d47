/** Numbers since the beginning. `entered - left = committed`, always. */
export const TOTALS = [
  'entered',
  'left',
  'published',
  'duplicates',
  'done',
  'failed',
  'jammed',
  'lost',
  'withdrawn',
  'retried',
] as const
export type Totals = Readonly<Record<(typeof TOTALS)[number], number>>

/**
 * All of `totals`; the last six are the protocol's own: places the head of the line has passed (what goes back to the
 * head takes them back), entries ever given back to the head, time of the last mark, last epoch, entries ever made among
 * the prioritized, messages ever sent.
 */
export const COUNTERS: readonly Counter[] = [...TOTALS, 'taken', 'returned', 'marked', 'epoch', 'sequence', 'position']
export type Counter = (typeof TOTALS)[number] | 'taken' | 'returned' | 'marked' | 'epoch' | 'sequence' | 'position'

export interface Counts {
  /** The server's clock, ms since 1970. */
  readonly now: number
  readonly committed: number
  readonly queued: number
  readonly delayed: number
  readonly processing: number
  readonly failed: number
  readonly totals: Totals
  /** When the oldest running claim began, or -1. */
  readonly runningSince: number
  /** `runningSince` was read off the 1,000 claims that lapse first, not off all. */
  readonly approximate: boolean
  /** When the head of the line was published, within a second, or -1. */
  readonly waitingSince: number
  /** IDs that were done and are not forgotten yet. */
  readonly remembered: number
  /** Nothing is claimed until `resume`. */
  readonly paused: boolean
}
