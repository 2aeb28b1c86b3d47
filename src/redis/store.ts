import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { AuditReply, AuditRequest, MendReply, MendRequest } from '../audit-verbs.js'
import { ConvoyError } from '../errors.js'
import {
  COUNTERS,
  type Control,
  type ControlReply,
  type Counts,
  type DurabilityNeed,
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
import { type Clock, pause, systemClock } from '../time.js'
import * as auditing from './auditing.js'
import { Blocking } from './blocking.js'
import { type BorrowedClient, kindOf, twinOf, wireOver } from './borrowed.js'
import { Caller, vouch } from './call.js'
import { Connection } from './connection.js'
import { checkServer } from './fitness.js'
import { KEYS } from './keys.js'
import { ReplicatedCaller } from './replicated.js'
import * as read from './replies.js'
import { rightsOf } from './rights.js'
import { type Scripts, scriptsFor } from './scripts.js'
import { stepArguments } from './step-arguments.js'
import { troubleOf } from './trouble.js'
import { type MakeWire, readUrl, type Wire, wireTo } from './wire.js'

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

/** ms. */
const LEAST_WAIT = 50

/** For `redisStore`, and for a simulation that brings wires of its own. */
export interface Ways extends RedisStoreOptions {
  readonly make: () => MakeWire
  readonly twin: () => MakeWire
  readonly replyTimeout: number
}

export class RedisStore implements Store {
  readonly #connection: Connection
  readonly #caller: Caller
  /** For what a caller is told has happened: publish, withdraw, clear, mend. */
  readonly #writer: Pick<Caller, 'run'>
  /** Of a replica-durable queue: see `ReplicatedCaller`. */
  readonly #replicated: Connection | undefined
  readonly #need: DurabilityNeed
  /** The server was checked, and found fit. */
  #fit = false
  readonly #clock: Clock
  readonly #scripts: Scripts
  readonly #blocking: Blocking
  readonly #publishOnly: boolean

  constructor(place: Place, { make, twin, replyTimeout, client, clock = systemClock, testClockKey }: Ways) {
    this.#publishOnly = client !== undefined && kindOf(client) === 'pool'
    this.#scripts = scriptsFor(place.prefix, place.name, testClockKey)
    const need = place.durability ?? 'memory'
    this.#need = need
    this.#clock = clock
    const vouches = async (wire: Wire, doubted: boolean): Promise<void> => {
      // A new wire may lead to another server.
      if (need === 'disk') await checkServer(wire, this.#key, need)
      if (doubted) await vouch(this.#scripts.wake, wire)
    }
    const tell = once(place.tell)
    this.#connection = new Connection({ make: make(), clock, replyTimeout, tell: tell(), vouch: vouches })
    this.#caller = new Caller(this.#connection, clock)
    this.#writer = this.#caller
    if (typeof need === 'object') {
      this.#replicated = new Connection({
        // A pool gives each pair a connection of its own for as long as it takes.
        make: this.#publishOnly ? make() : twin(),
        clock,
        replyTimeout: replyTimeout + need.timeout,
        tell: tell(),
        vouch: vouches,
      })
      this.#writer = new ReplicatedCaller(this.#replicated, clock, need)
    }
    this.#blocking = new Blocking({
      place,
      clock,
      replyTimeout,
      twin,
      command: (request) => [...this.#scripts.step.head, ...stepArguments(request)],
      vouch: vouches,
      giveBack: () => this.control({ order: 'wake' }, { timeout: replyTimeout }).catch(() => undefined),
    })
  }

  async publish({ ids, policy }: PublishRequest, patience: Patience): Promise<PublishReply> {
    const { reply, repeated } = await this.#writer.run(this.#scripts.publish, [policy.processing, ...ids], patience)
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
    return read.states((await this.#writer.run(this.#scripts.withdraw, ids, patience)).reply)
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
        return { count: (await this.#writer.run(this.#scripts.clear, [], patience)).reply as number, digest: '' }
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
    const { reply } = await this.#writer.run(this.#scripts.mend, auditing.mendArguments(request), patience)
    const [mended, whole] = reply as [string, string]
    return { mended, whole }
  }

  /** Look first, by a script that cannot write; then leave the digest, if that is ours to do. */
  async #open(digest: string, role: Role | undefined, patience: Patience): Promise<string> {
    const until = this.#clock.now() + patience.timeout
    const rest = (): Patience => ({ ...patience, timeout: until - this.#clock.now() })
    // Once: what the server can give is not asked anew for each role.
    if (!this.#fit) await this.#check(rest())
    this.#fit = true
    const { check, open } = this.#scripts
    const layout = String(LAYOUT)
    const types = check.parts.map((part) => KEYS[part])
    const rights = role ? rightsOf(role) : []
    const was = (await this.#caller.run(check, [layout, role ?? '', ...types, ...rights], rest())).reply as string
    if (was === digest) return ''
    if (!leavesDigest(role)) return was
    return (await this.#caller.run(open, [layout, digest], rest())).reply as string
  }

  async close(): Promise<void> {
    await Promise.all([this.#blocking.close(), this.#connection.close(), this.#replicated?.close()])
  }

  /** What is wrong is said in one line, before a server too old meets a script it cannot read. */
  async #check(patience: Patience): Promise<void> {
    const clock = this.#clock
    for (const until = clock.now() + patience.timeout; ; ) {
      const wire = await this.#connection.ready({ ...patience, timeout: until - clock.now() })
      const left = Math.max(0, until - clock.now())
      try {
        return await this.#connection.watch(wire, checkServer(wire, this.#key, this.#need), left)
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble.error === error) throw error
        // What cannot be asked now the scripts will tell, only less clearly; but durability is never taken on trust.
        if (this.#need === 'memory') return
        if (trouble.kind === 'fatal' || left < LEAST_WAIT) throw trouble.error
        await pause(clock, LEAST_WAIT, patience.signal)
      }
    }
  }

  get #key(): string {
    return this.#scripts.check.head[3] as string
  }
}

/** Several connections to one server: its loss is told with the first of them, its return with the last. */
function once(tell: Place['tell']): () => Place['tell'] {
  let away = 0
  return () => (news) => {
    if (news.kind === 'suspended' ? away++ === 0 : --away === 0) tell(news)
  }
}
