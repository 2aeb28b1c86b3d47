import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.js'
import { type Fate, ProxyLink, type ProxyTarget } from './proxy-link.js'
import type { RespRequest } from './resp-requests.js'

/** Which request a rule is for: a command's name, a question about its arguments, or (nothing) the next one. */
export type Match = string | ((args: readonly string[]) => boolean)

/** Refuses in the server's name until it is ended. */
export interface Refusal {
  /** Requests refused so far. */
  readonly count: number
  end(): void
}

interface Rule {
  readonly fate: 'lose' | 'drop reply' | 'halve reply' | 'pass'
  readonly matches: (args: readonly string[]) => boolean
  readonly done: (args: readonly string[]) => void
}

/** A TCP proxy before a server, for the faults of a network. It passes everything until told otherwise. */
export class TcpProxy {
  readonly port: number
  /** For a server without password: a client of it comes through here. */
  readonly url: string
  /** Connections accepted since the beginning. */
  accepted = 0
  /** Bytes that came in from clients, and from the server. */
  fromClients = 0
  fromServer = 0
  #target: ProxyTarget
  /** With the names of what was asked over each. */
  readonly #links = new Map<ProxyLink, Set<string>>()
  readonly #waiting = new Set<Socket>()
  readonly #rules: Rule[] = []
  readonly #refusing = new Set<{ matches: Rule['matches']; error: string; met: () => void }>()
  #listener: Server | undefined
  #holding = false
  #swallowing = false
  #delay = 0
  #drip = 0

  constructor(target: ProxyTarget, port: number) {
    this.#target = target
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
  }

  /** Connections that pass or are held now. */
  get open(): number {
    return this.#links.size + this.#waiting.size
  }

  /** The end of `delay`, `drip`, `blackHole`, `swallowReplies` and `refuse`: what was held goes on its way. Rules for a request stay. */
  async pass(): Promise<void> {
    this.delay(0)
    this.drip(0)
    this.#holding = false
    this.#swallowing = false
    for (const link of this.#links.keys()) link.resume()
    for (const client of this.#waiting) this.#link(client)
    this.#waiting.clear()
    await this.#listen()
  }

  /** Connections made from now on lead to another server, as behind a name that was moved; those there are stay. */
  moveTo(target: ProxyTarget): void {
    this.#target = target
  }

  /** Cuts every connection now. New ones pass. */
  cut(): void {
    for (const link of this.#links.keys()) link.destroy()
    for (const client of this.#waiting) client.destroy()
    this.#waiting.clear()
  }

  /**
   * The next request that matches reaches the server and is done, its reply is lost, and then the connection is cut.
   * Resolves after that with the request. Replies to earlier requests that are still on their way are lost with it. A
   * blocking command is not done: the server sees its client leave.
   */
  dropReply(match?: Match): Promise<readonly string[]> {
    return this.#rule('drop reply', match)
  }

  /** The next request that matches never reaches the server, and the connection is cut. Resolves after that with the request. */
  lose(match?: Match): Promise<readonly string[]> {
    return this.#rule('lose', match)
  }

  /** The next request that matches is done, and the connection is cut in the middle of what the server says next. Resolves after that. */
  halveReply(match?: Match): Promise<readonly string[]> {
    return this.#rule('halve reply', match)
  }

  /** The next request that matches passes like any other. Resolves with it. */
  meet(match?: Match): Promise<readonly string[]> {
    return this.#rule('pass', match)
  }

  /** The next request that matches is answered with this error, and never reaches the server. Resolves after that. */
  refuseNext(match: Match, error: string): Promise<void> {
    return new Promise((done) => {
      const refusal = this.refuseAll(match, error, () => {
        refusal.end()
        done()
      })
    })
  }

  /** The same for all that match, until it is ended. What was asked before on the same connection has been answered. */
  refuseAll(match: Match, error: string, told: () => void = () => {}): Refusal {
    let count = 0
    const met = (): void => {
      count++
      told()
    }
    const refusing = { matches: matcher(match), error, met }
    this.#refusing.add(refusing)
    return {
      get count() {
        return count
      },
      end: () => this.#refusing.delete(refusing),
    }
  }

  /** Every reply comes this many ms later, in order. */
  delay(ms: number): void {
    this.#delay = ms
    for (const link of this.#links.keys()) link.delay = ms
  }

  /** Everything goes on a few bytes at a time, one piece a turn of the loop, each way and on each connection; 0 ends it. */
  drip(most: number): void {
    this.#drip = most
    for (const link of this.#links.keys()) link.drip(most)
  }

  /** Nothing passes in either direction, and nobody is told; connections are taken and held. `pass` ends it, and all arrives. */
  blackHole(): void {
    this.#holding = true
    for (const link of this.#links.keys()) link.pause()
  }

  /** The same for those connections alone over which this command has come; tells how many. New ones pass. */
  blackHoleOf(command: string): number {
    const those = [...this.#links].filter(([, asked]) => asked.has(command))
    for (const [link] of those) link.pause()
    return those.length
  }

  /** Requests arrive and are done; no reply comes back, also on new connections. `pass` ends it, and all arrives. */
  swallowReplies(): void {
    this.#swallowing = true
    for (const link of this.#links.keys()) link.pauseReplies()
  }

  /** Cuts every connection, and the port refuses new ones, until `pass`. */
  async refuse(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    this.cut()
    if (listener === undefined) return
    listener.close()
    await once(listener, 'close')
  }

  async close(): Promise<void> {
    await this.refuse()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #listen(): Promise<void> {
    if (this.#listener !== undefined) return
    const listener = createServer((client) => this.#accept(client))
    this.#listener = listener
    listener.listen(this.port, '127.0.0.1')
    await once(listener, 'listening')
  }

  #accept(client: Socket): void {
    this.accepted++
    if (!this.#holding) {
      this.#link(client)
      return
    }
    this.#waiting.add(client)
    // Nobody else listens before it is linked, and an error nobody listens to ends the process.
    client.on('error', () => {})
    client.once('close', () => this.#waiting.delete(client))
  }

  #link(client: Socket): void {
    const asked = new Set<string>()
    const link = new ProxyLink(client, this.#target, {
      fate: (request) => {
        if (request.args[0] !== undefined) asked.add(request.args[0].toUpperCase())
        return this.#fate(request)
      },
      fromClient: (bytes) => {
        this.fromClients += bytes
      },
      fromServer: (bytes) => {
        this.fromServer += bytes
      },
      closed: () => this.#links.delete(link),
    })
    link.delay = this.#delay
    link.drip(this.#drip)
    if (this.#swallowing) link.pauseReplies()
    this.#links.set(link, asked)
  }

  #rule(fate: Rule['fate'], match?: Match): Promise<readonly string[]> {
    const matches = matcher(match)
    return new Promise((done) => {
      this.#rules.push({ fate, matches, done })
    })
  }

  #fate({ args }: RespRequest): Fate | undefined {
    for (const { matches, error, met } of this.#refusing) {
      if (args.length === 0 || !matches(args)) continue
      met()
      return { fate: 'refuse', error }
    }
    const place = this.#rules.findIndex(({ matches }) => args.length > 0 && matches(args))
    const [rule] = place === -1 ? [] : this.#rules.splice(place, 1)
    if (rule?.fate === 'pass') rule.done(args)
    return rule === undefined || rule.fate === 'pass' ? undefined : { fate: rule.fate, done: () => rule.done(args) }
  }
}

function matcher(match?: Match): (args: readonly string[]) => boolean {
  if (typeof match === 'function') return match
  return (args) => match === undefined || args[0]?.toUpperCase() === match.toUpperCase()
}

/** A proxy that listens on the loopback. The server need not run yet. */
export async function startProxy(target: ProxyTarget): Promise<TcpProxy> {
  for (let attempt = 1; ; attempt++) {
    const proxy = new TcpProxy(target, await freePort())
    try {
      await proxy.pass()
      return proxy
    } catch (error) {
      // Between looking for a free port and taking it, somebody else may.
      if (attempt === 5) throw error
    }
  }
}
