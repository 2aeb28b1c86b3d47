import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { AuditReply, AuditRequest, MendReply, MendRequest } from '../audit-verbs.js'
import { checkBy, type Rules } from '../check.js'
import { ConvoyError } from '../errors.js'
import { COUNTERS, type Counts, TOTALS } from '../figures.js'
import { isPlainPublish } from '../policy.js'
import type { StepReply, StepRequest, SweepReply, SweepRequest } from '../step.js'
import type {
  Control,
  ControlReply,
  Encounter,
  Inspection,
  ListRequest,
  MoveRequest,
  OpenStore,
  Page,
  Patience,
  Place,
  PublishReply,
  PublishRequest,
  Recollection,
  Report,
  Store,
  WithdrawRequest,
} from '../store.js'
import { type Clock, type Duration, systemClock } from '../time.js'
import * as auditing from './auditing.js'
import { Blocking } from './blocking.js'
import { type BorrowedClient, kindOf, twinOf, wireOver } from './borrowed.js'
import { BusyPoll } from './busy-poll.js'
import { Caller, vouch } from './call.js'
import { Connection } from './connection.js'
import { DurableCaller } from './durable.js'
import { checkServer } from './fitness.js'
import { Listening } from './listening.js'
import { Opener } from './opener.js'
import { publishArguments } from './publish-arguments.js'
import * as read from './replies.js'
import { type Scripts, scriptsFor } from './scripts.js'
import { plainStepArguments, stepArguments } from './step-arguments.js'
import { type MakeWire, readUrl, type Wire, wireTo } from './wire.js'

export interface RedisStoreOptions {
  /** `redis://`, `rediss://` or `unix://`; user, password and database as usual. */
  readonly url?: string
  /** The caller's own node-redis client, cluster, sentinel or pool: borrowed, never closed or cut by us. */
  readonly client?: BorrowedClient
  /** For `rediss://`: certificate authority and the like. Certificates are verified unless this says otherwise. */
  readonly tls?: TlsOptions
  /** So long without an answer, and a connection is replaced. Default 5 s, least 1 ms, at most an hour. */
  readonly replyTimeout?: Duration
  /** For tests: timers and waiting of this process. */
  readonly clock?: Clock
  /** For tests: a key that holds the server's time in microseconds, in place of TIME. */
  readonly testClockKey?: string
}

const OTHER = { kind: 'other', fallback: undefined, about: '' } as const
const RULES: Rules = {
  ...{ url: OTHER, client: OTHER, tls: OTHER, clock: OTHER, testClockKey: OTHER },
  replyTimeout: { kind: 'duration', fallback: 5_000, least: 1, most: 3_600_000, about: '' },
}

/** A store over one Redis (7.0 or later) or Valkey, a Sentinel's master, or a cluster. Opening it does no I/O. */
export function redisStore(options: RedisStoreOptions): OpenStore {
  const checked = checkBy<RedisStoreOptions & { replyTimeout: number }>(RULES, 'redisStore', options)
  const { url, client, tls, replyTimeout } = checked
  if (url === undefined ? client === undefined : client !== undefined || typeof url !== 'string') {
    throw new ConvoyError('BAD_OPTION', 'redisStore: give either url, a text, or client')
  }
  const address = url === undefined ? undefined : readUrl(url, tls, replyTimeout)
  if (client !== undefined) kindOf(client)
  const make = (): MakeWire => (address ? wireTo(address) : wireOver(client as BorrowedClient, false))
  const twin = (): MakeWire => (address ? wireTo(address) : wireOver(twinOf(client as BorrowedClient), true))
  return (place) => new RedisStore(place, { ...checked, make, twin })
}

/** From so many claims on there is work enough for both sides, and neither sleeps for long. */
const MANY = 32
const NONE = { count: 0, digest: '' }

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
  readonly #durable: DurableCaller | undefined
  readonly #scripts: Scripts
  readonly #blocking: Blocking
  readonly #listening: Listening
  readonly #opener: Opener
  readonly #publishOnly: boolean
  /** Not where time is a test's own. */
  readonly #poll: BusyPoll | undefined

  constructor(place: Place, { make, twin, replyTimeout, client, clock = systemClock, testClockKey }: Ways) {
    this.#publishOnly = client !== undefined && kindOf(client) === 'pool'
    this.#poll = BusyPoll.pays && clock === systemClock ? new BusyPoll() : undefined
    this.#scripts = scriptsFor(place.prefix, place.name, testClockKey)
    const need = place.durability ?? 'memory'
    const vouches = async (wire: Wire, doubted: boolean): Promise<void> => {
      // A new wire may lead to another server.
      if (need === 'disk' && (await checkServer(wire, this.#opener.key, need)) === 'lags') this.#durable?.lag()
      if (doubted) await vouch(this.#scripts.wake, wire)
    }
    const tell = once(place.tell)
    this.#connection = new Connection({ make: make(), clock, replyTimeout, tell: tell(), vouch: vouches })
    this.#caller = new Caller(this.#connection, clock)
    if (need !== 'memory') {
      // A pool gives each pair a connection of its own for as long as it takes.
      const way = { make: this.#publishOnly ? make() : twin(), clock, replyTimeout, tell: tell(), vouch: vouches }
      this.#durable = new DurableCaller({ need, plain: this.#caller, ...way })
    }
    this.#writer = this.#durable ?? this.#caller
    // A cluster's client says it before each command that it sends where a slot is moving to.
    const besides = client && kindOf(client) === 'cluster' ? ['ASKING'] : []
    const server = { connection: this.#connection, caller: this.#caller, clock, scripts: this.#scripts, need, besides }
    this.#opener = new Opener(server)
    this.#listening = new Listening({ place, clock, replyTimeout, twin, vouch: vouches, connection: this.#connection })
    this.#blocking = new Blocking({
      place,
      clock,
      replyTimeout,
      twin,
      command: (request) =>
        this.#caller.command(
          this.#scripts.step,
          () => stepArguments(request),
          () => plainStepArguments(request),
        ),
      vouch: vouches,
      giveBack: () => this.control({ order: 'wake' }, { timeout: replyTimeout }).catch(() => undefined),
    })
  }

  async publish(request: PublishRequest, patience: Patience): Promise<PublishReply> {
    const args = publishArguments(request)
    const plain = isPlainPublish(request) ? () => args : undefined
    const { reply, repeated } = await this.#writer.run(this.#scripts.publish, args, patience, plain)
    return read.publish(reply, repeated)
  }

  async step(request: StepRequest, patience: Patience): Promise<StepReply> {
    if (this.#publishOnly) {
      const what = 'redis: a pool can publish, but not process; give a client, cluster or sentinel'
      throw new ConvoyError('UNSUPPORTED', what)
    }
    const args = (): readonly string[] => stepArguments(request)
    const plain = (): readonly string[] | undefined => plainStepArguments(request)
    const sent = (request.claim > 0 && request.claim < MANY && this.#poll?.sent()) || 0
    try {
      return read.step((await this.#caller.run(this.#scripts.step, args, patience, plain)).reply)
    } finally {
      this.#poll?.answered(sent)
    }
  }

  async sweep(request: SweepRequest, patience: Patience): Promise<SweepReply> {
    const { limit, maxJams, keepFailed, lease, jitter, error, guard, ordered } = request
    const numbers = [limit, maxJams, keepFailed, lease, jitter].map(String)
    const args = [...numbers, error, guard?.id ?? '', String(guard?.every ?? 0), ordered ? '1' : '0']
    return read.sweep((await this.#caller.run(this.#scripts.sweep, args, patience)).reply)
  }

  async withdraw({ ids, from }: WithdrawRequest, patience: Patience): Promise<Encounter> {
    return read.encounter(await this.#writer.run(this.#scripts.withdraw, [from ?? '', ...ids], patience))
  }

  async move({ ids, from }: MoveRequest, patience: Patience): Promise<Encounter> {
    return read.encounter(await this.#writer.run(this.#scripts.move, [from, ...ids], patience))
  }

  async report({ id, token, progress, log }: Report, patience: Patience): Promise<boolean> {
    const { most = 0, ttl = 0, lines = [] } = log ?? {}
    const told = progress === undefined ? '' : `p${progress}`
    const args = [id, token, told, String(most), String(ttl), ...lines]
    return (await this.#caller.run(this.#scripts.report, args, patience)).reply === 1
  }

  async recall(ids: readonly string[], patience: Patience): Promise<readonly Recollection[]> {
    return read.recollections((await this.#caller.run(this.#scripts.recall, ids, patience)).reply)
  }

  listen(hear: (message: string | null) => void, signal: AbortSignal, patience: Patience): Promise<void> {
    return this.#listening.listen(hear, signal, patience)
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
    const { clear, wake, steer, messages } = this.#scripts
    const steered = async (...args: string[]): Promise<ControlReply> => {
      const changed = Number((await this.#writer.run(steer, args, patience)).reply)
      return args[0] === 'schedule' ? { ...NONE, count: changed } : NONE
    }
    const asked = async (...args: string[]): Promise<unknown> =>
      (await this.#caller.run(messages, args, patience)).reply
    switch (order.order) {
      case 'open':
        return { count: 0, digest: await this.#opener.open(order.digest, order.role, patience) }
      case 'clear':
        return { count: Number((await this.#writer.run(clear, [], patience)).reply), digest: '' }
      case 'wake':
        await this.#caller.run(wake, [], patience)
        return { count: 0, digest: '' }
      case 'pause':
      case 'resume':
        return steered(order.order)
      case 'journal':
        return steered('journal', String(order.keep))
      case 'schedule':
        return steered('schedule', order.id, String(order.slot), order.text === null ? '' : `s${order.text}`)
      case 'messages':
        return { ...NONE, messages: read.messages(await asked(String(order.from), String(order.limit))) }
      case 'schedules':
        return { ...NONE, schedules: read.schedules(await asked()) }
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

  async close(): Promise<void> {
    const own = [this.#blocking, this.#listening, this.#connection]
    await Promise.all([...own.map((one) => one.close()), this.#durable?.close()])
  }
}

/** Several connections to one server: its loss is told with the first of them, its return with the last. */
function once(tell: Place['tell']): () => Place['tell'] {
  let away = 0
  return () => (news) => {
    if (news.kind === 'suspended' ? away++ === 0 : --away === 0) tell(news)
  }
}
