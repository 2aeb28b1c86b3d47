import { createHash } from 'node:crypto'
import { apply, emptyState, type Op, type QueueState, type Reply } from '../../src/memory/model.js'
import { isRich } from '../model/dump.js'
import type { Command } from './script-call.js'
import { writeReply } from './script-reply.js'
import type { World } from './world.js'

/** Told of everything the server did, in the order in which it did it. */
export interface Observer {
  /** Before it is done: the state is as it was. */
  asked(op: Op, by: string): void
  /** `now`: µs of its clock. */
  done(op: Op, reply: Reply, by: string, copy: boolean, now: number): void
}

/** A client that blocks in BLPOP. */
interface Waiter {
  readonly give: (reply: unknown) => void
}

/** A wire that hears the queue's messages. */
type Hear = (message: string) => void

/** When the server's clock stood at 0 of the world: some day in 2026, µs. */
const EPOCH = 1_780_000_000_000_000

/** One Redis: the pure model behind the commands that the library sends. */
export class Server {
  readonly state: QueueState = emptyState()
  readonly #world: World
  readonly #observer: Observer
  readonly #cache = new Set<string>()
  readonly #waiters = new Set<Waiter>()
  readonly #hearers = new Set<Hear>()
  /** Until when somebody listens, ms of its clock. */
  #listening = 0
  /** A process that does not run does not answer; what it was sent waits for it. */
  hungUntil = 0
  /** Not there: whoever dials is refused. */
  downUntil = 0
  /** What it answers to every script meanwhile. */
  refusal: { readonly until: number; readonly text: string } = { until: 0, text: '' }
  /** ms by which its clock is off. */
  skew = 0
  /** µs: its clock when the world begins. */
  epoch = EPOCH

  constructor(world: World, observer: Observer) {
    this.#world = world
    this.#observer = observer
  }

  /** Whole ms, as scripts see it. */
  get clock(): number {
    return Math.floor(this.#micros / 1_000)
  }

  get #micros(): number {
    return Math.floor(this.epoch + (this.#world.now + this.skew) * 1_000)
  }

  forgetScripts(): void {
    this.#cache.clear()
  }

  /** Runs one command to its end; what it gives or throws is the reply. */
  run(command: Exclude<Command, { kind: 'blpop' | 'subscribe' }>, by: string, copy: boolean): unknown {
    const { until, text } = this.refusal
    if (command.kind === 'info') return 'redis_version:7.0.15'
    if (command.kind === 'load') {
      const sha = shaOf(command.text)
      this.#cache.add(sha)
      return sha
    }
    if (until > this.#world.now) {
      this.#world.count('refused')
      throw new Error(text)
    }
    if (command.kind === 'listening') {
      this.#listening = this.clock + command.ms
      return 'OK'
    }
    if (!this.#cache.has(command.sha)) {
      this.#world.count('noscript')
      throw new Error('NOSCRIPT No matching script. Please use EVAL.')
    }
    if (command.kind === 'check') return this.state.meta.digest
    const { op, short, lone } = command
    if (short && (asksForMore(op) || isRich(this.state))) {
      this.#world.count('moreKeys')
      throw new Error('MORE keys')
    }
    return writeReply(op, this.#apply(op, by, copy), lone)
  }

  /** Somebody orders it who sits beside the server. */
  order(op: Op): void {
    this.#apply(op, 'the operator', false)
  }

  #apply(op: Op, by: string, copy: boolean): Reply {
    const now = this.#micros
    this.state.listening = this.clock < this.#listening
    this.#observer.asked(op, by)
    const reply = apply(this.state, op as never, now) as Reply
    this.#observer.done(op, reply, by, copy, now)
    for (const text of this.state.outbox.splice(0)) for (const hear of this.#hearers) hear(text)
    this.#handOver()
    return reply
  }

  /** SSUBSCRIBE to the queue's messages, until what it returns is called. */
  subscribe(hear: Hear): () => void {
    this.#hearers.add(hear)
    return () => this.#hearers.delete(hear)
  }

  /** BLPOP of the wake token: `give` is called at once, or when there is one. Returns what takes the waiter off. */
  pop(key: string, give: (reply: unknown) => void): () => void {
    const waiter = { give: (reply: unknown) => give(reply === null ? null : [key, reply]) }
    this.#waiters.add(waiter)
    this.#handOver()
    return () => this.#waiters.delete(waiter)
  }

  /** To whom has waited longest, whether it still listens or not. */
  #handOver(): void {
    const [first] = this.#waiters
    if (this.state.wake === 0 || !first) return
    this.state.wake = 0
    this.#waiters.delete(first)
    this.#world.count('tokens')
    first.give('1')
  }
}

/** Each script is loaded thousands of times. */
const SHAS = new Map<string, string>()

function shaOf(text: string): string {
  const sha = SHAS.get(text) ?? createHash('sha1').update(text).digest('hex')
  SHAS.set(text, sha)
  return sha
}

/** Than a plain lane. */
function asksForMore(op: Op): boolean {
  if (op.verb === 'step') return op.request.policy !== undefined
  return op.verb === 'publish' && (op.request.traits !== undefined || op.request.policy.waiting !== undefined)
}
