import { connect, type Socket } from 'node:net'
import { Outlet } from './outlet.js'
import { type RespRequest, RespRequests } from './resp-requests.js'

/** Where the server is: what `startRedis` gives fits. */
export interface ProxyTarget {
  readonly port?: number
  readonly socketPath?: string
}

/** What becomes of a request that a rule is for. */
export type Fate =
  | { readonly fate: 'lose' | 'drop reply' | 'halve reply'; readonly done: () => void }
  | { readonly fate: 'refuse'; readonly error: string }

export interface LinkEvents {
  /** Asked for each request before it is sent on. */
  fate(request: RespRequest): Fate | undefined
  fromClient(bytes: number): void
  fromServer(bytes: number): void
  closed(): void
}

/** One client's connection through the proxy, and the one to the server that goes with it. */
export class ProxyLink {
  /** ms by which replies are late. */
  delay = 0
  readonly #client: Socket
  readonly #server: Socket
  readonly #toClient: Outlet
  readonly #toServer: Outlet
  readonly #events: LinkEvents
  readonly #requests = new RespRequests()
  readonly #late: Buffer[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Set once a rule has met its request: what else comes from either side is lost. */
  #doomed = false
  /** Set once such a rule has met its request: of what the server says next one half is handed on. */
  #halving = false

  constructor(client: Socket, target: ProxyTarget, events: LinkEvents) {
    this.#client = client
    this.#events = events
    this.#server = target.socketPath === undefined ? connect(target.port ?? 0, '127.0.0.1') : connect(target.socketPath)
    this.#toClient = new Outlet(client)
    this.#toServer = new Outlet(this.#server)
    client.setNoDelay(true)
    this.#server.setNoDelay(true)
    client.on('data', (chunk) => this.#fromClient(chunk))
    this.#server.on('data', (chunk) => this.#fromServer(chunk))
    // `close` follows, and tells the other side.
    client.on('error', () => {})
    this.#server.on('error', () => {})
    client.once('close', () => {
      for (const timer of this.#timers) clearTimeout(timer)
      this.#toServer.flush()
      this.#server.destroySoon()
      events.closed()
    })
    this.#server.once('close', () => {
      this.#toClient.flush()
      client.destroySoon()
    })
  }

  pause(): void {
    this.#client.pause()
    this.#server.pause()
  }

  pauseReplies(): void {
    this.#server.pause()
  }

  resume(): void {
    this.#client.resume()
    this.#server.resume()
  }

  /** So many bytes a turn of the loop, each way; 0: all there are. */
  drip(most: number): void {
    this.#toClient.drip(most)
    this.#toServer.drip(most)
  }

  destroy(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  #fromClient(chunk: Buffer): void {
    this.#events.fromClient(chunk.length)
    for (const request of this.#requests.push(chunk)) {
      if (this.#doomed) return
      const rule = this.#events.fate(request)
      if (rule?.fate === 'refuse') {
        this.#toClient.write(Buffer.from(`-${rule.error}\r\n`))
        continue
      }
      if (rule?.fate !== 'lose') this.#toServer.write(request.raw)
      if (rule === undefined) continue
      this.#client.once('close', rule.done)
      if (rule.fate === 'halve reply') {
        this.#halving = true
        continue
      }
      this.#doomed = true
      this.#toServer.flush()
      // The server reads the end of the stream only after the request before it: its closing proves that this was done.
      if (rule.fate === 'drop reply') this.#server.end()
      else this.destroy()
    }
  }

  #fromServer(chunk: Buffer): void {
    this.#events.fromServer(chunk.length)
    if (this.#doomed) return
    if (this.#halving) {
      this.#doomed = true
      for (const bytes of [...this.#late, firstHalf(chunk)]) this.#toClient.write(bytes)
      this.#server.destroy()
      return
    }
    if (this.delay === 0 && this.#late.length === 0) {
      this.#toClient.write(chunk)
      return
    }
    // As many timers as chunks, each takes the head: the order holds however the timers fire.
    this.#late.push(chunk)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const head = this.#late.shift()
      if (head !== undefined && !this.#doomed) this.#toClient.write(head)
    }, this.delay)
    this.#timers.add(timer)
  }
}

/** Never up to the end of a line: that might be the end of a reply. */
function firstHalf(chunk: Buffer): Buffer {
  const half = chunk.length >> 1
  return chunk.subarray(0, chunk[half - 1] === 0x0a ? half + 1 : half)
}
