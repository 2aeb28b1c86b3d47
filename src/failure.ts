import { Buffer } from 'node:buffer'

/** What is kept of an error: at most 4 KiB of JSON. */
export interface Failure {
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** The try that failed, 1 for the first. */
  readonly attempt: number
}

/** Bytes of JSON: for all of it, for the message, for the code. The stack gets what is left. */
const MOST = { all: 4_096, message: 3_000, code: 300 }

/**
 * The JSON text kept of whatever a handler threw: an Error, a string, undefined, or an object that throws when it is
 * looked at. Never throws, never more than 4 KiB.
 */
export function failureText(thrown: unknown, attempt: number): string {
  const message = shorten(messageOf(thrown), MOST.message)
  const code = safely(() => property(thrown, 'code'))
  const stack = safely(() => property(thrown, 'stack'))
  const failure = { message, ...(code === undefined ? {} : { code: shorten(code, MOST.code) }), attempt }
  const spare = MOST.all - bytes(failure) - ',"stack":'.length
  if (stack === undefined || spare < 100) return JSON.stringify(failure)
  return JSON.stringify({ ...failure, stack: shorten(stack, spare) })
}

/** The JSON text kept of an ID that jammed too often. */
export function jammedText(maxJams: number): string {
  const message = `its worker died or stalled more than ${maxJams} times`
  return JSON.stringify({ message, code: 'JAMMED', attempt: 1 })
}

/** Reads back what `failureText` wrote. */
export function readFailure(text: string): Failure {
  return JSON.parse(text) as Failure
}

/** What it says, whatever it is. */
export function messageOf(thrown: unknown): string {
  const read = (): string =>
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown)
  return safely(read) ?? 'an error that cannot be read'
}

function property(thrown: unknown, name: 'code' | 'stack'): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  const value: unknown = (thrown as Record<string, unknown>)[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** Cut to so many bytes of JSON: escapes and UTF-8 can make a character up to six. */
function shorten(text: string, most: number): string {
  let kept = text.slice(0, most).toWellFormed()
  for (let length = most; bytes(kept) > most; ) {
    length = Math.floor(length * 0.8)
    kept = `${text.slice(0, length).toWellFormed()}…`
  }
  return kept
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
