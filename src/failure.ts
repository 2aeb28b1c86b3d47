import { Buffer } from 'node:buffer'

/** What is kept of an error: at most 4 KiB of JSON. */
export interface Failure {
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** The try that failed, 1 for the first. */
  readonly attempt: number
}

const MOST_BYTES = 4_096
const MOST_MESSAGE = 1_000
const MOST_CODE = 100

/**
 * The JSON text kept of whatever a handler threw: an Error, a string, undefined, or an object that throws when it is
 * looked at. Never throws, never more than 4 KiB.
 */
export function failureText(thrown: unknown, attempt: number): string {
  const message = cut(safely(() => messageOf(thrown)) ?? 'an error that cannot be read', MOST_MESSAGE)
  const code = safely(() => property(thrown, 'code'))
  const stack = safely(() => property(thrown, 'stack'))
  const failure = { message, ...(code === undefined ? {} : { code: cut(code, MOST_CODE) }), attempt }
  const spare = MOST_BYTES - Buffer.byteLength(JSON.stringify(failure)) - 20
  if (stack === undefined) return JSON.stringify(failure)
  // JSON escapes and UTF-8 can make a character up to six bytes: halve until it fits.
  for (let length = Math.min(stack.length, spare); length > 40; length = Math.floor(length / 2)) {
    const text = JSON.stringify({ ...failure, stack: cut(stack, length) })
    if (Buffer.byteLength(text) <= MOST_BYTES) return text
  }
  return JSON.stringify(failure)
}

/** Reads back what `failureText` wrote. */
export function readFailure(text: string): Failure {
  return JSON.parse(text) as Failure
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message)
  return String(thrown)
}

function property(thrown: unknown, name: 'code' | 'stack'): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  const value: unknown = (thrown as Record<string, unknown>)[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function cut(text: string, length: number): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.length <= length ? whole : `${whole.slice(0, length - 1).toWellFormed()}…`
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
