import { check } from '../../src/options.js'
import { jsonSerializer } from '../../src/payload.js'
import { type CheckedTerms, PublishTerms } from '../../src/publish-options.js'
import { Queue } from '../../src/queue.js'
import { RedisStore } from '../../src/redis/store.js'
import { type CheckedRunOptions, runSettings } from '../../src/run-options.js'
import type { Clock } from '../../src/time.js'
import type { Entry } from './agenda.js'
import { type Features, optionsOf } from './features.js'
import { Network, type Quality } from './network.js'
import { PREFIX, QUEUE } from './script-call.js'
import type { Server } from './server.js'
import type { Witness } from './witness.js'
import type { World } from './world.js'

/** The terms all processes share. */
export interface Terms {
  readonly lease: number
  readonly maxJams: number
  readonly publishTimeout: number
  readonly replyTimeout: number
  readonly features?: Features
}

interface Postponed {
  readonly run: () => void
  readonly after: number
  entry: Entry | undefined
}

/** One process: a queue of the real code, with a clock, a network and a death of its own. */
export class Host {
  readonly name: string
  readonly queue: Queue<unknown>
  readonly net: Network
  readonly clock: Clock
  readonly #world: World
  readonly #timers = new Set<Entry>()
  /** What waits for the end of a stall. */
  readonly #postponed = new Set<Postponed>()
  readonly #offset: number
  /** After a stall a process sees its timers first, or what the network brought. */
  readonly #timersFirst: boolean
  dead = false
  closing = false
  stalledUntil = 0
  /** ms it has not run, all told. */
  stalled = 0
  /** Scripts it had to load. */
  loads = 0
  /** When something last went wrong for it. */
  disturbed = Number.NEGATIVE_INFINITY

  constructor(
    name: string,
    terms: Terms,
    parts: { world: World; server: Server; witness: Witness; quality: { now: Quality } },
  ) {
    const { world, server, witness, quality } = parts
    this.name = name
    this.#world = world
    this.#offset = world.dice.between(1, 1e6)
    this.#timersFirst = world.dice.chance(0.5)
    this.net = new Network(world, server, witness, this, quality)
    this.clock = {
      now: () => this.#offset + world.now,
      setTimer: (run, ms) => this.#setTimer(run, ms),
      clearTimer: (timer) => this.#clearTimer(timer as Entry | undefined),
      random: () => world.dice.roll(),
    }
    const { lease, maxJams, publishTimeout, replyTimeout } = terms
    const { clock, net } = this
    const asked = terms.features ? optionsOf(terms.features) : {}
    const checked = check<CheckedRunOptions & CheckedTerms>('createQueue', asked)
    const publishing = new PublishTerms(checked)
    const runs = runSettings(checked, asked, publishing.policies)
    this.queue = new Queue({
      ...{
        name: QUEUE,
        prefix: PREFIX,
        clock,
        publishTimeout,
        lease,
        maxJams: runs.delivery === 'at-most-once' ? 0 : maxJams,
        keepFailed: 1_000,
        durability: 'memory',
        maxLength: checked.maxLength,
        serializer: jsonSerializer,
        resultSerializer: jsonSerializer,
      },
      terms: publishing,
      ...runs,
      openStore: (place) =>
        new RedisStore(place, { make: () => net.maker(), twin: () => net.maker(true), clock, replyTimeout }),
    })
  }

  /** Timers set and neither fired nor cleared. */
  get timers(): number {
    return this.#timers.size
  }

  disturb(ms: number): void {
    this.disturbed = Math.max(this.disturbed, this.#world.now + ms)
  }

  /** Something reaches this process in `ms`, if it lives then, or when it runs again. */
  deliver(ms: number, run: () => void): void {
    this.deliverAt(this.#world.now + ms, run)
  }

  deliverAt(at: number, run: () => void): void {
    this.#world.agenda.addAt(at, () => this.#enter(run, this.#timersFirst ? 0.01 : 0))
  }

  stall(ms: number): void {
    const { now } = this.#world
    this.#world.count('stalls')
    this.#world.note(() => `${this.name} stalls for ${ms.toFixed(0)} ms`)
    // One stall within another adds what it lasts longer.
    const since = Math.max(this.stalledUntil, now)
    this.stalledUntil = Math.max(since, now + ms)
    this.stalled += this.stalledUntil - since
    // What has come already stays before what comes now.
    for (const one of this.#postponed) this.#postpone(one)
    this.disturb(ms)
  }

  /** It runs again, also when it was to stand still for longer: what has come meanwhile reaches it now. */
  wake(): void {
    const { now } = this.#world
    const left = this.stalledUntil - now
    if (left <= 0) return
    this.stalled -= left
    this.stalledUntil = now
    for (const one of this.#postponed) this.#postpone(one)
  }

  /** All its promises and timers die with it; its connections last until the server notices. */
  crash(): void {
    this.#world.count('crashes')
    this.#world.note(() => `${this.name} crashes`)
    this.dead = true
    for (const link of [...this.net.links]) link.orphan()
  }

  #enter(run: () => void, after: number): void {
    if (this.dead) return
    if (this.stalledUntil > this.#world.now) {
      const one: Postponed = { run, after, entry: undefined }
      this.#postponed.add(one)
      this.#postpone(one)
      return
    }
    this.#world.touched = true
    run()
  }

  /** To the end of the stall, in the order in which all came. */
  #postpone(one: Postponed): void {
    if (one.entry) one.entry.off = true
    one.entry = this.#world.agenda.addAt(this.stalledUntil + one.after, () => {
      this.#postponed.delete(one)
      this.#enter(one.run, one.after)
    })
  }

  /** A timer fires up to 3 ms late, and, as those of Node do, up to half a millisecond early. */
  #setTimer(run: () => void, ms: number): Entry {
    const { agenda, dice } = this.#world
    const after = this.#timersFirst ? 0 : 0.01
    const due = Math.max(0, Math.min(ms, 2 ** 31 - 1) + dice.between(-0.5, 3))
    const entry = agenda.add(due, () => {
      if (this.dead) return
      this.#enter(() => {
        // Cleared while the process stood still.
        if (!this.#timers.delete(entry)) return
        run()
      }, after)
    })
    this.#timers.add(entry)
    return entry
  }

  #clearTimer(entry: Entry | undefined): void {
    if (!entry) return
    entry.off = true
    this.#timers.delete(entry)
  }
}
