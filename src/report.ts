import { Buffer } from 'node:buffer'
import { ConvoyError } from './errors.js'
import { messageOf } from './failure.js'
import { show } from './time.js'

/** How far a running job has come, as it tells itself. */
export interface Progress {
  readonly done: number
  readonly total?: number
  readonly data?: unknown
}

/** Bytes of the JSON of a progress, and of a text that is logged. */
const MOST = 4_096

/** The JSON text kept of a progress. Throws BAD_REPORT. */
export function progressText(done: unknown, total: unknown, data: unknown): string {
  if (!Number.isFinite(done)) throw bad(`progress: expected how much is done, a number, not ${show(done)}`)
  if (total !== undefined && !Number.isFinite(total))
    throw bad(`progress: total: expected a number, not ${show(total)}`)
  let text: string
  try {
    text = JSON.stringify({ done, total, data })
  } catch (cause) {
    throw new ConvoyError('BAD_REPORT', `progress: data cannot be encoded: ${messageOf(cause)}`, { cause })
  }
  fits('progress', text)
  return text
}

/** Reads back what `progressText` wrote. */
export function readProgress(text: string): Progress {
  return JSON.parse(text) as Progress
}

/** The lines of what is logged. Throws BAD_REPORT. */
export function logLines(text: unknown): string[] {
  if (typeof text !== 'string') throw bad(`log: expected a text, not ${show(text)}`)
  if (!text.isWellFormed()) throw bad('log: a text must be well-formed: this one has a lone surrogate')
  fits('log', text)
  return text.split('\n')
}

function fits(what: string, text: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > MOST) throw bad(`${what}: expected at most ${MOST} bytes, not ${bytes}`)
}

const bad = (text: string): ConvoyError => new ConvoyError('BAD_REPORT', text)
