import { readCron } from '../../../src/schedule/cron.js'
import type { Duration } from '../../../src/time.js'

/** When a schedule is due, told without asking what it is published by. */
export interface Timetable {
  readonly when: Duration
  readonly timeZone?: string
  /** ms from slot to slot, where they come close behind each other. */
  readonly period: number
  /** The world is to begin a little before this moment, ms. */
  readonly around?: number
  /** `begun`: when it was written down. */
  isSlot(ms: number, begun: number): boolean
  /** The first slot after this one; Infinity: none in this world. */
  next(slot: number): number
}

/** ms; no world goes on for longer. */
const LONG = 600_000

// What reads a cron text is loaded on first use, and would come when it likes.
await readCron('* * * * *', 'UTC')

export function intervals(period: number): Timetable {
  const isSlot = (ms: number, begun: number): boolean => (ms - begun) % period === 0
  return { when: period, period, isSlot, next: (slot) => slot + period }
}

interface Wall {
  readonly hour: number
  readonly minute: number
  readonly second: number
}

interface Text {
  readonly cron: string
  readonly timeZone: string
  readonly around?: string
  readonly period: number
  /** By the clock on the wall there. */
  readonly matches: (wall: Wall, ms: number) => boolean
}

const [SPRING, AUTUMN] = ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z']
const BERLIN = 'Europe/Berlin'

/** Every one crosses a change of the clocks, but the first. */
const TEXTS: readonly Text[] = [
  { cron: '*/2 * * * * *', timeZone: 'UTC', period: 2_000, matches: ({ second }) => second % 2 === 0 },
  // There is no third hour that night …
  {
    cron: '*/2 * 1,3 * * *',
    timeZone: BERLIN,
    around: SPRING,
    period: 2_000,
    matches: ({ hour, second }) => second % 2 === 0 && (hour === 1 || hour === 3),
  },
  // … a second one that ends with it …
  {
    cron: '*/2 * 1 * * *',
    timeZone: BERLIN,
    around: SPRING,
    period: 2_000,
    matches: ({ hour, second }) => second % 2 === 0 && hour === 1,
  },
  // … and a fixed time in it comes as soon as the clock goes on.
  {
    cron: '30 30 2 * * *',
    timeZone: BERLIN,
    around: SPRING,
    period: 2_000,
    matches: (_, ms) => ms === Date.parse(SPRING),
  },
  // There are two third hours that night: intervals go on through both.
  {
    cron: '*/3 * 2 * * *',
    timeZone: BERLIN,
    around: AUTUMN,
    period: 3_000,
    matches: ({ hour, second }) => second % 3 === 0 && hour === 2,
  },
  // Half an hour, in the south.
  {
    cron: '*/3 30,59 1 * * *',
    timeZone: 'Australia/Lord_Howe',
    around: '2026-04-04T15:00:00Z',
    period: 3_000,
    matches: ({ hour, minute, second }) => second % 3 === 0 && hour === 1 && (minute === 59 || minute === 30),
  },
]

export const CRONS: number = TEXTS.length

export function cronTimes(which: number): Timetable {
  const { cron, timeZone, around, period, matches } = TEXTS[which] as Text
  const wall = new Intl.DateTimeFormat('en', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const known = new Map<number, boolean>()
  const isSlot = (ms: number): boolean => {
    if (ms % 1_000 !== 0) return false
    let is = known.get(ms)
    if (is === undefined) {
      const [hour = 0, minute = 0, second = 0] = wall.format(ms).split(':').map(Number)
      is = matches({ hour, minute, second }, ms)
      known.set(ms, is)
    }
    return is
  }
  const next = (slot: number): number => {
    for (let ms = slot + 1_000; ms <= slot + LONG; ms += 1_000) if (isSlot(ms)) return ms
    return Number.POSITIVE_INFINITY
  }
  return { when: cron, timeZone, period, isSlot, next, ...(around ? { around: Date.parse(around) } : {}) }
}
