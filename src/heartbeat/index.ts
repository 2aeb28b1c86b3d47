import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { Worker as Thread } from 'node:worker_threads'
import { ConvoyError } from '../errors.js'
import type { Heartbeat, Pulse, PulsePlace } from '../pulse.js'
import { show } from '../time.js'
import { BEAT, type Ended, type Orders, RENEWED, type Report, type ThreadData } from './orders.js'

export interface HeartbeatOptions {
  /** As for `createQueue`: the thread has a connection of its own. Else `CONVOY_STORE`, else `REDIS_URL`, else `redis://localhost:6379`. */
  readonly url?: string
  readonly tls?: TlsOptions
  /** Told, once it runs again, for how long the event loop had stood still, ms: when that was a sixth of a lease or more. */
  readonly onLag?: (ms: number) => unknown
  /** What went wrong in the thread; it goes on trying. Else it is a warning of the process. */
  readonly onError?: (error: ConvoyError) => unknown
}

/**
 * Renews the claims of a worker from a thread of its own while the event loop stands still, so that a handler that
 * computes for longer than a lease is not taken for dead: `queue.process(handler, { heartbeat: heartbeat() })`.
 *
 * As long as the loop turns, the worker renews by itself and the thread does nothing. The price is a thread, a
 * connection, and a message per batch claimed. A loop that stands still for longer than `jobTimeout` (when there is
 * one) is left to jam. Not for `memory:`, where whatever could recover a job stands still, too: BAD_OPTION. The idea is that of
 * BullMQ's and Sidekiq's advice against long synchronous work, turned round.
 */
export function heartbeat(options: HeartbeatOptions = {}): Heartbeat {
  const url = options.url ?? (process.env['CONVOY_STORE'] || process.env['REDIS_URL'] || 'redis://localhost:6379')
  if (typeof url !== 'string' || !/^(rediss?|unix):/.test(url)) {
    const given = typeof url === 'string' ? 'another' : show(url)
    throw new ConvoyError('BAD_OPTION', `heartbeat: url: expected redis://, rediss:// or unix://, not ${given}`)
  }
  for (const name of ['onLag', 'onError'] as const) {
    if (options[name] === undefined || typeof options[name] === 'function') continue
    throw new ConvoyError('BAD_OPTION', `heartbeat: ${name}: expected a function, not ${show(options[name])}`)
  }
  return { start: (place) => new ThreadPulse(place, { ...options, url }) }
}

class ThreadPulse implements Pulse {
  readonly #thread: Thread
  readonly #ticker: NodeJS.Timeout
  readonly #shared = new BigInt64Array(new SharedArrayBuffer(16))
  /** Ended since the last message: there is no hurry to tell. */
  #ended: Ended[] = []

  constructor(place: PulsePlace, { url, tls, onLag, onError }: HeartbeatOptions & { readonly url: string }) {
    this.#beat()
    const workerData: ThreadData = { url, ...(tls ? { tls } : {}), ...place, shared: this.#shared }
    this.#thread = new Thread(new URL('./thread.js', import.meta.url), { workerData })
    this.#thread.unref()
    const failed = (error: ConvoyError): void => {
      if (onError) onError(error)
      else process.emitWarning(error)
    }
    this.#thread.on('message', (report: Report) => {
      if (report.kind === 'lag') onLag?.(report.ms)
      else failed(new ConvoyError('UNAVAILABLE', `heartbeat: ${report.text}`))
    })
    this.#thread.on('error', (cause) => failed(new ConvoyError('UNAVAILABLE', 'heartbeat: the thread died', { cause })))
    this.#ticker = setInterval(() => this.#beat(), place.lease / 12).unref()
  }

  held(token: string, ids: readonly string[]): void {
    this.#tell({ held: { token, ids }, ended: this.#ended })
    this.#ended = []
  }

  ended(id: string, token: string): void {
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
