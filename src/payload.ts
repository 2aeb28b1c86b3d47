import { Buffer } from 'node:buffer'
import { ConvoyError } from './errors.js'
import { messageOf } from './failure.js'

/** How values become text or bytes, and come back: of payloads, or of results. JSON unless you give your own. */
export interface Serializer<Value> {
  encode(value: Value): string | Uint8Array
  /** Gets what `encode` gave: a string for a string, bytes for bytes. */
  decode(stored: string | Uint8Array): Value
}

export const jsonSerializer: Serializer<unknown> = {
  encode: (value) => JSON.stringify(value),
  decode: (stored) => {
    if (typeof stored !== 'string') throw new TypeError('these are bytes, not JSON')
    return JSON.parse(stored) as unknown
  },
}

/** Bytes of an encoded value, as `encode` gave it. */
const MOST = 1_048_576

/**
 * The text a store keeps of a value; its first character tells what the rest is: `s` text, `b` bytes in base64. Throws
 * BAD_PAYLOAD for what cannot be kept whole, so that nothing is stored of it.
 */
export function packPayload<Value>(serializer: Serializer<Value>, value: Value): string {
  return pack(serializer, value, 'BAD_PAYLOAD', 'a payload')
}

/** Reads back what `packPayload` wrote. Throws BAD_PAYLOAD. */
export function unpackPayload<Value>(serializer: Serializer<Value>, text: string): Value {
  return unpack(serializer, text, 'BAD_PAYLOAD', 'the payload')
}

/** As a payload, but that `undefined` is a result as well: `u`. Throws BAD_RESULT. */
export function packResult<Value>(serializer: Serializer<Value>, value: Value): string {
  return value === undefined ? 'u' : pack(serializer, value, 'BAD_RESULT', 'a result')
}

/** Reads back what `packResult` wrote. Throws BAD_RESULT. */
export function unpackResult<Value>(serializer: Serializer<Value>, text: string): Value | undefined {
  return text === 'u' ? undefined : unpack(serializer, text, 'BAD_RESULT', 'the result')
}

type Code = 'BAD_PAYLOAD' | 'BAD_RESULT'

function pack<Value>(serializer: Serializer<Value>, value: Value, code: Code, what: string): string {
  const encoded = attempt(code, `${what} cannot be encoded`, () => serializer.encode(value))
  if (typeof encoded === 'string') {
    fits(code, what, Buffer.byteLength(encoded))
    // Two different lone surrogates would encode to the same bytes.
    if (!encoded.isWellFormed())
      throw new ConvoyError(code, `${what} must be well-formed: this one has a lone surrogate`)
    return `s${encoded}`
  }
  if (!(encoded instanceof Uint8Array)) {
    const hint = encoded === undefined ? ': JSON has nothing for undefined, a function or a symbol, but null' : ''
    throw new ConvoyError(code, `${what} is encoded to a string or to a Uint8Array, not to ${typeof encoded}${hint}`)
  }
  fits(code, what, encoded.byteLength)
  return `b${Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength).toString('base64')}`
}

function unpack<Value>(serializer: Serializer<Value>, text: string, code: Code, what: string): Value {
  return attempt(code, `${what} cannot be decoded`, () => serializer.decode(stored(text)))
}

function stored(text: string): string | Uint8Array {
  const rest = text.slice(1)
  if (text.startsWith('s')) return rest
  const bytes = Buffer.from(rest, 'base64')
  // Node reads past whatever is no base64: what was damaged would come back shorter, and pass.
  if (!text.startsWith('b') || bytes.toString('base64') !== rest) throw new Error('it was not written by this library')
  // A Buffer may show what else is in its pool.
  return new Uint8Array(bytes)
}

function fits(code: Code, what: string, bytes: number): void {
  if (bytes > MOST) throw new ConvoyError(code, `${what} has at most ${MOST} bytes, not ${bytes}`)
}

function attempt<T>(code: Code, wrong: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new ConvoyError(code, `${wrong}: ${messageOf(cause)}`, { cause })
  }
}
