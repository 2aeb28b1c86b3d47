import { ConvoyError } from '../errors.js'
import { printable, show } from '../time.js'

/** The times of a cron text; ms since 1970, whole seconds. */
export interface Cron {
  /** The first after `ms`; null when there is none any more. */
  after(ms: number): number | null
  /** The last up to and including `ms`. */
  upTo(ms: number): number | null
}

/** Loaded on first use, and once: whoever comes later waits for no file. */
let loading: Promise<typeof import('croner')> | undefined

function load(): Promise<typeof import('croner')> {
  loading ??= import('croner').catch((cause: unknown) => {
    loading = undefined
    throw new ConvoyError('UNSUPPORTED', 'every: a cron text needs the package croner: npm install croner', { cause })
  })
  return loading
}

/**
 * Five fields, six with seconds in front, or `@daily` and the like, as croner reads them. Where second, minute and hour are one
 * number each, a time that the clock skips in spring comes as soon as it goes on, and one that comes twice in autumn counts
 * once. Where one of them is a list, a range, a step or `*`, what is skipped does not come, and what comes twice comes twice.
 * Throws BAD_OPTION, and UNSUPPORTED without croner, which nothing else needs.
 */
export async function readCron(text: string, timezone: string): Promise<Cron> {
  const { Cron: Croner } = await load()
  checkZone(timezone)
  // What has a colon croner takes for a date, and so for a schedule of one slot.
  if (text.includes(':')) throw wrong(text)
  try {
    const cron = new Croner(text, { timezone, mode: '5-or-6-parts' })
    return {
      after: (ms) => cron.nextRun(new Date(ms))?.getTime() ?? null,
      upTo: (ms) => cron.previousRuns(1, new Date(ms + 1))[0]?.getTime() ?? null,
    }
  } catch (cause) {
    throw wrong(text, cause)
  }
}

function wrong(text: string, cause?: unknown): ConvoyError {
  // It may quote what it cannot read, whole.
  const why = cause instanceof Error ? ` (${printable(cause.message.slice(0, 200))})` : ''
  return new ConvoyError(
    'BAD_OPTION',
    `every: expected a cron text of five or six fields, or @daily and the like, not ${show(text)}${why}`,
    { cause },
  )
}

function checkZone(timeZone: unknown): void {
  try {
    if (typeof timeZone !== 'string') throw new TypeError('no text')
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    // Without the cause, which quotes it whole.
    throw new ConvoyError(
      'BAD_OPTION',
      `every: timeZone: expected a name such as 'Europe/Berlin', not ${show(timeZone)}`,
    )
  }
}
