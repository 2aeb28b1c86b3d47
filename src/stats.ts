import { ConvoyError } from './errors.js'
import { observe } from './events.js'
import type { Counts, Totals } from './figures.js'
import { type Clock, forPeople, pause } from './time.js'

/** The numbers of a queue at one moment of the server's clock. */
export interface Stats {
  readonly queued: number
  readonly delayed: number
  readonly processing: number
  readonly failed: number
  /** IDs that were done and are not forgotten yet. */
  readonly remembered: number
  /** Nothing is claimed, by no worker, until `resume()`. */
  readonly paused: boolean
  /** queued + delayed + processing, always. */
  readonly committed: number
  /** Since the beginning. `published` counts every publish, `duplicates` those that were absorbed. */
  readonly totals: Totals
  /** ms the oldest running job has been claimed for; null when none is. */
  readonly oldestRunning: number | null
  /** `oldestRunning` was read off the 1,000 claims that lapse first, not off all. */
  readonly oldestRunningApproximate: boolean
  /**
   * ms since the place at the head of the line was reached, within a second; null when nothing waits. An ID that came back
   * to the head, or took over the place of one that was withdrawn, counts as its place does.
   */
  readonly oldestWaiting: number | null
}

export function statsOf({ now, runningSince, waitingSince, approximate, ...rest }: Counts): Stats {
  return {
    ...rest,
    oldestRunning: runningSince < 0 ? null : Math.max(0, now - runningSince),
    oldestRunningApproximate: approximate,
    oldestWaiting: waitingSince < 0 ? null : Math.max(0, now - waitingSince),
  }
}

/** Anything with pino's `info(object, text)`. */
export interface Logger {
  info(fields: object, text: string): void
}

export const consoleLogger: Logger = { info: (_fields, text) => console.log(text) }

export interface LogStatsOptions {
  readonly name: string
  readonly every: number
  readonly logger: Logger
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly read: () => Promise<Stats>
  readonly onError: (error: ConvoyError) => void
}

/** One line per interval until the signal is aborted, with rates by the clock of this process. */
export async function logStats({ name, every, logger, clock, signal, read, onError }: LogStatsOptions): Promise<void> {
  const wrong = (cause: unknown): void => onError(new ConvoyError('BAD_HANDLER', 'the logger threw', { cause }))
  let before: { readonly at: number; readonly totals: Totals } | undefined
  while (!signal.aborted) {
    try {
      const stats = await read()
      const at = clock.now()
      const rates = ratesOf(stats.totals, before?.totals, before ? at - before.at : 0)
      before = { at, totals: stats.totals }
      if (!signal.aborted)
        observe(() => logger.info({ queue: name, ...stats, rates }, lineOf(name, stats, rates)), wrong)
    } catch (error) {
      if (!signal.aborted) onError(error as ConvoyError)
    }
    await pause(clock, every, signal)
  }
}

const RATED = ['published', 'duplicates', 'done', 'failed', 'jammed'] as const
type Rates = Readonly<Record<(typeof RATED)[number], number>>

function ratesOf(now: Totals, before: Totals | undefined, ms: number): Rates {
  const rate = (name: keyof Totals): number => (before && ms > 0 ? ((now[name] - before[name]) * 1_000) / ms : 0)
  return Object.fromEntries(RATED.map((name) => [name, Math.round(rate(name) * 10) / 10])) as Rates
}

function lineOf(name: string, stats: Stats, rates: Rates): string {
  const { queued, delayed, processing, failed, paused, oldestRunning, oldestWaiting } = stats
  const ages = [
    oldestWaiting === null ? '' : `, oldest waiting ${forPeople(oldestWaiting)}`,
    oldestRunning === null ? '' : `, oldest running ${forPeople(oldestRunning)}`,
  ].join('')
  const later = delayed > 0 ? `, ${delayed} delayed` : ''
  const perSecond = `${rates.published}/s published (${rates.duplicates}/s absorbed), ${rates.done}/s done, ${rates.failed}/s failed, ${rates.jammed}/s jammed`
  return `${name}${paused ? ' (paused)' : ''}: ${queued} queued${later}, ${processing} processing, ${failed} failed${ages}; ${perSecond}`
}
