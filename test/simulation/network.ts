import type { MakeWire } from '../../src/redis/wire.js'
import type { Host } from './host.js'
import { Link } from './link.js'
import type { Server } from './server.js'
import type { Witness } from './witness.js'
import type { World } from './world.js'

/** How bad a network is: probabilities per message, and ms. */
export interface Quality {
  /** One way. */
  delay: readonly [number, number]
  /** One stream to one server; otherwise replies and requests overtake each other, as with a client of many connections. */
  ordered: boolean
  slow: number
  /** The longest that a slow message takes more. */
  slowest: number
  loseRequest: number
  loseReply: number
  /** The connection breaks once the command has run. */
  cutReply: number
  /** A request arrives a second time … */
  repeat: number
  /** … so much later at most, as does what was on its way on a wire that was given up. */
  late: number
  /** Dialling comes to nothing. */
  hangDial: number
  refuseDial: number
}

export const CALM: Quality = {
  delay: [0.1, 2],
  ordered: true,
  slow: 0,
  slowest: 0,
  loseRequest: 0,
  loseReply: 0,
  cutReply: 0,
  repeat: 0,
  late: 0,
  hangDial: 0,
  refuseDial: 0,
}

/** One process's way to the server. */
export class Network {
  readonly world: World
  readonly server: Server
  readonly witness: Witness
  readonly host: Host
  readonly #quality: { now: Quality }
  readonly links = new Set<Link>()

  constructor(world: World, server: Server, witness: Witness, host: Host, quality: { now: Quality }) {
    this.world = world
    this.server = server
    this.witness = witness
    this.host = host
    this.#quality = quality
  }

  get quality(): Quality {
    return this.#quality.now
  }

  delay(): number {
    const [least, most] = this.quality.delay
    return this.world.dice.between(least, most)
  }

  /** Counts what went wrong for whom; of something slow, how long it takes. */
  trouble(what: string, host: Host): number {
    const { world, quality } = this
    world.count(what)
    const ms = what === 'slow' ? world.dice.between(0, quality.slowest) : 0
    world.note(() => `${what} for ${host.name}${ms === 0 ? '' : `: ${ms.toFixed(1)} ms`}`)
    host.disturb(ms)
    return ms
  }

  opened(link: Link): void {
    this.links.add(link)
  }

  closed(link: Link): void {
    this.links.delete(link)
  }

  /** `ordered`: a connection that blocks is one stream, whatever the client. */
  maker(ordered = this.quality.ordered): MakeWire {
    return Object.assign((signal: AbortSignal) => this.#dial(signal, ordered), { to: 'the simulation' })
  }

  #dial(signal: AbortSignal, ordered: boolean): Promise<Link> {
    const { world, server, host, quality } = this
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new Error('Connection timeout'))
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      const end = (settle: () => void): void =>
        host.deliver(this.delay() + this.delay(), () => {
          signal.removeEventListener('abort', abort)
          if (!signal.aborted) settle()
        })
      const refused = server.downUntil > world.now || world.dice.chance(quality.refuseDial)
      world.count(refused ? 'refusedDials' : 'dials')
      if (refused) {
        host.disturb(0)
        return end(() => reject(new Error('connect ECONNREFUSED')))
      }
      if (server.hungUntil > world.now || world.dice.chance(quality.hangDial)) return this.trouble('hungDials', host)
      end(() => resolve(new Link(this, ordered)))
    })
  }
}
