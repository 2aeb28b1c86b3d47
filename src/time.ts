import { types } from 'node:util'
import dayjs from 'dayjs'
import duration from 'dayjs/plugin/duration.js'
import { ConvoyError } from './errors.js'

dayjs.extend(duration)

/** A number of milliseconds, an ISO 8601 text (`PT5M`), or an object (`{ minutes: 5 }`). */
export type Duration = number | string | DurationParts

export interface DurationParts {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

const PARTS = ['days', 'hours', 'minutes', 'seconds', 'milliseconds']
const SHORTHAND = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)[a-z]*\s*$/i
const ISO_OF: Readonly<Record<string, (n: string) => string>> = {
  ms: (n) => `PT${Number(n) / 1000}S`,
  s: (n) => `PT${n}S`,
  m: (n) => `PT${n}M`,
  h: (n) => `PT${n}H`,
  d: (n) => `P${n}D`,
}

/**
 * Milliseconds of a duration option. Throws BAD_OPTION naming the option; dayjs alone would take `'5m'` and give NaN
 * without a word.
 */
export function milliseconds(value: unknown, option: string): number {
  const ms = Math.round(typeof value === 'number' ? value : parse(value))
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  const short = typeof value === 'string' ? SHORTHAND.exec(value) : null
  const iso = short ? ISO_OF[(short[2] ?? '').toLowerCase()] : undefined
  const hint = iso && short ? ` Did you mean '${iso(short[1] ?? '')}'?` : ''
  throw new ConvoyError(
    'BAD_OPTION',
    `${option}: expected a duration (milliseconds, an ISO 8601 text such as 'PT5M', or { minutes: 5 }), not ${show(value)}.${hint}`,
  )
}

function parse(value: unknown): number {
  if (typeof value === 'string') return /^P(?=.*\d)/.test(value) ? dayjs.duration(value).asMilliseconds() : Number.NaN
  if (typeof value !== 'object' || value === null) return Number.NaN
  const known = Object.entries(value).every(([part, n]) => PARTS.includes(part) && Number.isFinite(n))
  return known && Object.keys(value).length > 0 ? dayjs.duration(value).asMilliseconds() : Number.NaN
}

/** A moment: a Date, a dayjs, ms since 1970, or an ISO 8601 text that names its zone (`2026-12-24T18:00:00Z`). */
export type PointInTime = Date | number | string | { readonly toDate: () => Date; readonly valueOf: () => number }

/** The last ms of the year 9999. */
const END_OF_TIME = 253_402_300_799_999
const ISO_POINT =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/

/**
 * ms since 1970 of an option that is a moment, rounded up: what waits for it never comes early. Throws BAD_OPTION naming
 * the option. A text without a zone is refused: on another machine it would be another moment.
 */
export function pointInTime(value: unknown, option: string): number {
  const ms = momentOf(value)
  if (ms >= 0 && ms <= END_OF_TIME) return Math.ceil(ms)
  const zone =
    typeof value === 'string' && ISO_POINT.test(`${value}Z`) ? ` It names no zone: did you mean '${value}Z'?` : ''
  throw new ConvoyError(
    'BAD_OPTION',
    `${option}: expected a moment from 1970 to the year 9999 (a Date, a dayjs, milliseconds, or an ISO 8601 text such as '2026-12-24T18:00:00Z'), not ${show(value)}.${zone}`,
  )
}

function momentOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return momentOfText(value)
  return types.isDate(value) || dayjs.isDayjs(value) ? value.valueOf() : Number.NaN
}

function momentOfText(text: string): number {
  const [, year, month, day] = ISO_POINT.exec(text)?.map(Number) ?? []
  if (year === undefined || month === undefined || day === undefined) return Number.NaN
  // February 30 would become March 2 without a word.
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate() ? dayjs(text).valueOf() : Number.NaN
}

/** What may hold a password: up to its last `@` any URL, and of a store one that was cut or misspelled. */
const USERINFO = /(:\/\/).*@/s
const OF_A_STORE = /((?:rediss?|unix)(?::\/|\/\/)\/?).*/is

/** A value as an error message shows it: short, quoted, never whole, and without the password of a URL. */
export function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  // Before it is cut: the `@` may stand behind the cut.
  const text = String(value).replace(USERINFO, '$1…@').replace(OF_A_STORE, '$1…')
  if (typeof value !== 'string') return printable(text)
  return `'${printable(text.length > 40 ? `${text.slice(0, 40)}…` : text)}'`
}

/** An ID or an option may come from anywhere: what ends a line, colours it or turns it around is spelled out. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}

/** What `12345` ms is to a person: `12 s`, `3 min`, `2 h`. */
export function forPeople(ms: number): string {
  const span = dayjs.duration(ms)
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${span.asSeconds().toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.round(span.asMinutes())} min`
  return ms < 172_800_000 ? `${Math.round(span.asHours())} h` : `${Math.round(span.asDays())} d`
}

/**
 * The only source of time and timers of everything in this process, so that a test or a simulation can put its own in.
 * It measures waiting; what orders or expires anything is the server's clock (law L8).
 */
export interface Clock {
  /** Monotonic, ms. */
  now(): number
  setTimer(run: () => void, ms: number): Timer
  clearTimer(timer: Timer): void
  /** 0 <= n < 1, what waits are spread by; `Math.random` where there is none. */
  random?(): number
}

/** Chance decides nothing but how long to wait, so it comes with the clock. */
export const chance = (clock: Clock): number => clock.random?.() ?? Math.random()

/** Whatever `setTimer` gave. */
export type Timer = unknown

/** setTimeout above this fires at once. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, Math.min(Math.max(ms, 0), LONGEST)),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** Resolves after `ms`, or as soon as `signal` is aborted; leaves no timer and no listener behind. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimer(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimer(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** `promise`, or the error as soon as `signal` is aborted, also where a server hangs; leaves no listener behind. */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  why: () => ConvoyError = () => new ConvoyError('ABORTED'),
): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(why())
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
