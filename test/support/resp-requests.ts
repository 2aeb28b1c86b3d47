export interface RespRequest {
  /** The command and its arguments; binary ones as Latin-1. */
  readonly args: readonly string[]
  /** As it came over the wire. */
  readonly raw: Buffer
}

/** Cuts what a client sends into requests, wherever the packets end. What is no RESP (TLS) comes out as it went in, without arguments. */
export class RespRequests {
  #rest: Buffer = Buffer.alloc(0)
  #opaque = false

  push(chunk: Buffer): RespRequest[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (this.#opaque || bytes[0] !== 0x2a) {
      this.#opaque = true
      return [{ args: [], raw: bytes }]
    }
    const requests: RespRequest[] = []
    let from = 0
    for (;;) {
      const request = readOne(bytes, from)
      if (request === undefined) break
      requests.push(request)
      from += request.raw.length
    }
    this.#rest = bytes.subarray(from)
    return requests
  }
}

/** `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`; undefined while its end has not come. */
function readOne(bytes: Buffer, from: number): RespRequest | undefined {
  const head = readNumber(bytes, from)
  if (head === undefined) return undefined
  const args: string[] = []
  let at = head.next
  for (let left = head.value; left > 0; left--) {
    const length = readNumber(bytes, at)
    if (length === undefined || length.next + length.value + 2 > bytes.length) return undefined
    args.push(bytes.toString('latin1', length.next, length.next + length.value))
    at = length.next + length.value + 2
  }
  return { args, raw: bytes.subarray(from, at) }
}

/** The number after a type byte, and where the next line begins. */
function readNumber(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  const end = bytes.indexOf('\r\n', at)
  return end === -1 ? undefined : { value: Number(bytes.toString('latin1', at + 1, end)), next: end + 2 }
}
