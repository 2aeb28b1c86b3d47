import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { AuditReply, AuditRequest, MendReply, MendRequest } from '../audit-verbs.js'
import { ConvoyError } from '../errors.js'
import {
  COUNTERS,
  type Control,
  type ControlReply,
  type Counts,
  type Inspection,
  LAYOUT,
  type ListRequest,
  leavesDigest,
  type OpenStore,
  type Page,
  type Patience,
  type Place,
  type PublishReply,
  type PublishRequest,
  type Role,
  type State,
  type StepReply,
  type StepRequest,
  type Store,
  type SweepReply,
  type SweepRequest,
  TOTALS,
} from '../store.js'
import { type Clock, systemClock } from '../time.js'
import * as auditing from './auditing.js'
import { Blocking } from './blocking.js'
import { type BorrowedClient, kindOf, twinOf, wireOver } from './borrowed.js'
import { Caller } from './call.js'
import { Connection } from './connection.js'
import { KEYS } from './keys.js'
import * as read from './replies.js'
import { rightsOf } from './rights.js'
import { type Scripts, scriptsFor } from './scripts.js'
import { stepArguments } from './step-arguments.js'
import { type MakeWire, readUrl, wireTo } from './wire.js'

export interface RedisStoreOptions {
  /** `redis://`, `rediss://` or `unix://`; user, password and database as usual. */
  readonly url?: string
  /** The caller's own node-redis client, cluster, sentinel or pool: borrowed, never closed or cut by us. */
  readonly client?: BorrowedClient
  /** For `rediss://`: certificate authority and the like. Certificates are verified unless this says otherwise. */
  readonly tls?: TlsOptions
  /** ms without an answer after which a connection is replaced. Default 5,000. */
  readonly replyTimeout?: number
  /** For tests: timers and waiting of this process. */
  readonly clock?: Clock
  /** For tests: a key that holds the server's time in microseconds, in place of TIME. */
  readonly testClockKey?: string
}

/** A store over one Redis (7.0 or later) or Valkey, a Sentinel's master, or a cluster. Opening it does no I/O. */
export function redisStore(options: RedisStoreOptions): OpenStore {
  const { replyTimeout = 5_000, client } = options
  const address = options.url === undefined ? undefined : readUrl(options.url, options.tls, replyTimeout)
  if ((address === undefined) === (client === undefined)) {
    throw new ConvoyError('BAD_OPTION', 'redisStore: give either url or client')
  }
  if (client) kindOf(client)
  const make = (): MakeWire => (address ? wireTo(address) : wireOver(client as BorrowedClient, false))
  const twin = (): MakeWire => (address ? wireTo(address) : wireOver(twinOf(client as BorrowedClient), true))
  return (place) => new RedisStore(place, { make, twin, replyTimeout, ...options })
}

interface Ways extends RedisStoreOptions {
  readonly make: () => MakeWire
  readonly twin: () => MakeWire
  readonly replyTimeout: number
}

class RedisStore implements Store {
  readonly #connection: Connection
  readonly #caller: Caller
  readonly #scripts: Scripts
  readonly #blocking: Blocking
  readonly #publishOnly: boolean

  constructor(place: Place, { make, twin, replyTimeout, client, clock = systemClock, testClockKey }: Ways) {
    this.#publishOnly = client !== undefined && kindOf(client) === 'pool'
    this.#connection = new Connection({ make: make(), clock, replyTimeout, tell: place.tell })
    this.#caller = new Caller(this.#connection, clock)
    this.#scripts = scriptsFor(place.prefix, place.name, testClockKey)
    this.#blocking = new Blocking({
      place,
      clock,
      replyTimeout,
      twin,
      command: (request) => [...this.#scripts.step.head, ...stepArguments(request)],
      giveBack: () => this.control({ order: 'wake' }, { timeout: replyTimeout }).catch(() => undefined),
    })
  }

  async publish({ ids, policy }: PublishRequest, patience: Patience): Promise<PublishReply> {
    const { reply, repeated } = await this.#caller.run(this.#scripts.publish, [policy.processing, ...ids], patience)
    return { verdicts: reply as string, repeated }
  }

  async step(request: StepRequest, patience: Patience): Promise<StepReply> {
    if (this.#publishOnly) {
      const what = 'redis: a pool can publish, but not process; give a client, cluster or sentinel'
      throw new ConvoyError('UNSUPPORTED', what)
    }
    return read.step((await this.#caller.run(this.#scripts.step, stepArguments(request), patience)).reply)
  }

  async sweep(request: SweepRequest, patience: Patience): Promise<SweepReply> {
    const { limit, maxJams, keepFailed, lease, jitter, error, guard } = request
    const numbers = [limit, maxJams, keepFailed, lease, jitter].map(String)
    const args = [...numbers, error, guard?.id ?? '', String(guard?.every ?? 0)]
    return read.sweep((await this.#caller.run(this.#scripts.sweep, args, patience)).reply)
  }

  async withdraw(ids: readonly string[], patience: Patience): Promise<readonly State[]> {
    return read.states((await this.#caller.run(this.#scripts.withdraw, ids, patience)).reply)
  }

  async inspect(ids: readonly string[], patience: Patience): Promise<readonly Inspection[]> {
    return read.inspections(ids, (await this.#caller.run(this.#scripts.inspect, ids, patience)).reply)
  }

  async list({ state, cursor, limit }: ListRequest, patience: Patience): Promise<Page> {
    return read.page(
      (await this.#caller.run(this.#scripts.list, [state, String(cursor), String(limit)], patience)).reply,
    )
  }

  async counts(patience: Patience): Promise<Counts> {
    return read.counts((await this.#caller.run(this.#scripts.counts, TOTALS, patience)).reply)
  }

  async awaitWork(timeout: number, signal: AbortSignal, next?: StepRequest): Promise<StepReply | undefined> {
    const reply = await this.#blocking.wait(timeout, signal, next)
    return reply === undefined ? undefined : read.step(reply)
  }

  async control(order: Control, patience: Patience): Promise<ControlReply> {
    switch (order.order) {
      case 'open':
        return { count: 0, digest: await this.#open(order.digest, order.role, patience) }
      case 'clear':
        return { count: (await this.#caller.run(this.#scripts.clear, [], patience)).reply as number, digest: '' }
      case 'wake':
        await this.#caller.run(this.#scripts.wake, [], patience)
        return { count: 0, digest: '' }
    }
  }

  async audit({ part, cursor, from, returned, limit }: AuditRequest, patience: Patience): Promise<AuditReply> {
    const args = [part ?? '', cursor, String(from), String(returned), String(limit), ...COUNTERS]
    return auditing.look((await this.#caller.run(this.#scripts.audit, args, patience)).reply)
  }

  async mend(request: MendRequest, patience: Patience): Promise<MendReply> {
    const { reply } = await this.#caller.run(this.#scripts.mend, auditing.mendArguments(request), patience)
    const [mended, whole] = reply as [string, string]
    return { mended, whole }
  }

  /** Look first, by a script that cannot write; then leave the digest, if that is ours to do. */
  async #open(digest: string, role: Role | undefined, patience: Patience): Promise<string> {
    await this.#checkVersion(patience)
    const { check, open } = this.#scripts
    const layout = String(LAYOUT)
    const types = check.parts.map((part) => KEYS[part])
    const rights = role ? rightsOf(role) : []
    const was = (await this.#caller.run(check, [layout, role ?? '', ...types, ...rights], patience)).reply as string
    if (was === digest) return ''
    if (!leavesDigest(role)) return was
    return (await this.#caller.run(open, [layout, digest], patience)).reply as string
  }

  async close(): Promise<void> {
    await Promise.all([this.#blocking.close(), this.#connection.close()])
  }

  /** One line that says what is wrong, before a server too old meets a script it cannot read. */
  async #checkVersion(patience: Patience): Promise<void> {
    const key = this.#scripts.check.head[3] as string
    const wire = await this.#connection.ready(patience)
    // A user without the right to INFO is let through: the scripts tell too, only less clearly.
    const info = await this.#connection.send(wire, key, ['INFO', 'server'], patience.timeout).catch(() => '')
    const version = /redis_version:(\d+)\.[^\s]*/.exec(String(info))
    if (version && Number(version[1]) < 7) {
      throw new ConvoyError(
        'UNSUPPORTED',
        `the server is Redis ${version[0].slice(14)}; convoy-queue needs 7.0 or later, or Valkey`,
      )
    }
  }
}
