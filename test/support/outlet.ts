import type { Socket } from 'node:net'

const NOTHING: Buffer = Buffer.alloc(0)

/** Hands bytes on to a socket: all at once, or a few in each turn of the loop. */
export class Outlet {
  readonly #socket: Socket
  #most = 0
  #rest = NOTHING
  #turn: NodeJS.Immediate | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** From now on so many bytes a turn; 0: all there are. */
  drip(most: number): void {
    this.#most = most
    if (most === 0) this.flush()
  }

  write(bytes: Buffer): void {
    if (this.#most === 0) {
      this.#socket.write(bytes)
      return
    }
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#turn ??= setImmediate(this.#hand)
  }

  /** What is left goes at once. */
  flush(): void {
    if (this.#turn === undefined) return
    clearImmediate(this.#turn)
    this.#turn = undefined
    this.#socket.write(this.#rest)
    this.#rest = NOTHING
  }

  readonly #hand = (): void => {
    const piece = this.#rest.subarray(0, this.#most)
    this.#rest = this.#rest.subarray(piece.length)
    this.#turn = this.#rest.length > 0 ? setImmediate(this.#hand) : undefined
    this.#socket.write(piece)
  }
}
