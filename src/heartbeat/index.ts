import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { Worker as Thread } from 'node:worker_threads'
import { checkBy, type Rules } from '../check.js'
import { defaultUrl } from '../create-queue.js'
import { ConvoyError } from '../errors.js'
import { observe } from '../events.js'
import type { Heartbeat, Pulse, PulsePlace } from '../pulse.js'
import { show } from '../time.js'
import { BEAT, BEGAN, ENDS, type Ended, type Orders, RENEWED, type Report, type ThreadData } from './orders.js'

export interface HeartbeatOptions {
  /**
   * As for `createQueue`: the thread has a connection of its own, to this one server. Else `CONVOY_STORE`, else `REDIS_URL`,
   * else `redis://localhost:6379`. A client, cluster or sentinel of yours cannot be handed to a thread: where there is no
   * URL that always leads to the master, there is no heartbeat.
   */
  readonly url?: string
  readonly tls?: TlsOptions
  /** Told, once it runs again, for how long the event loop had stood still, ms: when that was a sixth of a lease or more. */
  readonly onLag?: (ms: number) => unknown
  /**
   * What went wrong in the thread; it goes on trying. Else it is a warning of the process. UNAVAILABLE, too, once, where the
   * server of `url` knows none of the claims that it was to renew: it may not be that of the queue.
   */
  readonly onError?: (error: ConvoyError) => unknown
}

const OPTIONS: Rules = {
  url: { kind: 'other', fallback: undefined, about: "as for createQueue: the thread's own connection" },
  tls: { kind: 'other', fallback: undefined, about: 'as for redisStore' },
  onLag: { kind: 'function', fallback: undefined, about: 'told of a stand-still once it is over' },
  onError: { kind: 'function', fallback: undefined, about: 'told what went wrong in the thread' },
}

/**
 * Renews the claims of a worker from a thread of its own while the event loop stands still, so that a handler that
 * computes for longer than a lease is not taken for dead: `queue.process(handler, { heartbeat: heartbeat() })`.
 *
 * As long as the loop turns, the worker renews by itself and the thread does nothing. The price is a thread, a
 * connection, and a message per batch claimed. It takes a `url` alone: not for a cluster or a Sentinel. Not for `memory:`,
 * where whatever could recover a job stands still, too: BAD_OPTION. The idea is that of BullMQ's and Sidekiq's advice against
 * long synchronous work, turned round.
 *
 * `jobTimeout` bounds for how long one handler may keep the loop: counted from its call, or from when the loop last turned,
 * whichever is later. Past that the thread renews nothing more, and all that this worker holds is left to jam. So handlers
 * that compute one after the other in one turn are each given `jobTimeout`; and a handler that has waited before it
 * computes is given as much again, since which one keeps the loop cannot be seen from outside. Without a `jobTimeout` a
 * handler that never returns keeps its jobs as long as the process lives.
 */
export function heartbeat(options?: HeartbeatOptions): Heartbeat {
  const settings = checkBy<HeartbeatOptions>(OPTIONS, 'heartbeat', options)
  const url = settings.url ?? defaultUrl()
  if (typeof url !== 'string' || !/^(rediss?|unix):/.test(url)) {
    const given = typeof url === 'string' ? 'another' : show(url)
    throw new ConvoyError('BAD_OPTION', `heartbeat: url: expected redis://, rediss:// or unix://, not ${given}`)
  }
  return { start: (place) => new ThreadPulse(place, { ...settings, url }) }
}

class ThreadPulse implements Pulse {
  readonly #thread: Thread
  readonly #ticker: NodeJS.Timeout
  readonly #shared = new BigInt64Array(new SharedArrayBuffer(32))
  /** Ended since the last message: there is no hurry to tell. */
  #ended: Ended[] = []

  constructor(place: PulsePlace, { url, tls, onLag, onError }: HeartbeatOptions & { readonly url: string }) {
    this.#beat()
    const workerData: ThreadData = { url, ...(tls ? { tls } : {}), ...place, shared: this.#shared }
    this.#thread = new Thread(new URL('./thread.js', import.meta.url), { workerData })
    this.#thread.unref()
    const failed = (error: ConvoyError): void => {
      if (!onError) process.emitWarning(error)
      else
        observe(
          () => onError(error),
          (thrown) => console.error('convoy-queue: heartbeat: onError threw', thrown),
        )
    }
    const lagged = (cause: unknown): void => failed(new ConvoyError('BAD_HANDLER', 'heartbeat: onLag threw', { cause }))
    this.#thread.on('message', (report: Report) => {
      if (report.kind === 'lag') observe(() => onLag?.(report.ms), lagged)
      else failed(new ConvoyError('UNAVAILABLE', `heartbeat: ${report.text}`))
    })
    this.#thread.on('error', (cause) => failed(new ConvoyError('UNAVAILABLE', 'heartbeat: the thread died', { cause })))
    this.#ticker = setInterval(() => this.#beat(), place.lease / 12).unref()
  }

  held(token: string, ids: readonly string[]): void {
    this.#tell({ held: { token, ids }, ended: this.#ended })
    this.#ended = []
  }

  watched<H extends (job: never) => unknown>(handler: H): H {
    const told = (job: never): unknown => {
      Atomics.store(this.#shared, BEGAN, process.hrtime.bigint())
      return handler(job)
    }
    return told as H
  }

  ended(id: string, token: string): void {
    Atomics.add(this.#shared, ENDS, 1n)
    this.#ended.push([id, token])
  }

  sinceRenewal(): number {
    const renewed = Atomics.load(this.#shared, RENEWED)
    return renewed === 0n ? Number.POSITIVE_INFINITY : Number(process.hrtime.bigint() - renewed) / 1e6
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker)
    await this.#thread.terminate()
  }

  #beat(): void {
    Atomics.store(this.#shared, BEAT, process.hrtime.bigint())
    if (this.#ended.length > 0) {
      this.#tell({ ended: this.#ended })
      this.#ended = []
    }
  }

  #tell(orders: Orders): void {
    this.#thread.postMessage(orders)
  }
}
