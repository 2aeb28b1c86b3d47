import { Actor } from './actor.js'
import { Aftermath } from './aftermath.js'
import { Calls } from './calls.js'
import { Faults, qualityBy } from './faults.js'
import { type Habits, habitsBy } from './habits.js'
import { Host } from './host.js'
import type { CALM } from './network.js'
import type { Parts } from './parts/part.js'
import { partsOf } from './parts/parts.js'
import { play } from './play.js'
import { Server } from './server.js'
import { Witness } from './witness.js'
import { type Tally, World } from './world.js'

/**
 * safety: faults until the last promise has settled. liveness: at some time they stop, and from then on every ID leaves,
 * work is found at once, and a close loses nothing.
 */
export type Mode = 'safety' | 'liveness'

export interface Report {
  readonly broken: Error | undefined
  readonly tally: Tally
  readonly trace: readonly string[]
  readonly hash: string
  /** liveness: what it took of the time it may take until every ID had left, 0 to 1. */
  readonly recovery: number
}

/** One world, from its first event to its last; the same seed gives the same one. */
export class Simulation {
  readonly #mode: Mode
  readonly #world: World
  readonly #witness: Witness
  readonly #server: Server
  readonly #calls: Calls
  readonly #habits: Habits
  readonly #quality: { now: typeof CALM }
  readonly #actors: Actor[] = []
  readonly #parts: Parts
  readonly #aftermath: Aftermath

  constructor(seed: number, mode: Mode, traced = false) {
    this.#mode = mode
    const world = new World(seed, traced)
    this.#world = world
    this.#habits = habitsBy(world)
    this.#witness = new Witness(world, this.#habits.replyTimeout, this.#habits.features)
    this.#server = new Server(world, this.#witness)
    this.#witness.state = this.#server.state
    this.#calls = new Calls(world)
    const watched = { world, server: this.#server, witness: this.#witness, calls: this.#calls }
    const seen = { ...watched, habits: this.#habits, actors: this.#actors }
    this.#parts = partsOf(seen)
    this.#witness.parts = this.#parts
    this.#parts.begin()
    this.#quality = { now: qualityBy(world.dice, this.#habits.lease) }
    const now = { parts: this.#parts, quality: this.#quality, start: () => this.#start(true) }
    this.#aftermath = new Aftermath({ ...seen, ...now })
  }

  async run(): Promise<Report> {
    const world = this.#world
    world.note(() => `seed ${world.seed} ${this.#mode} ${JSON.stringify({ ...this.#habits, ...this.#quality.now })}`)
    try {
      await this.#play()
    } catch (error) {
      world.broken ??= error as Error
    }
    // What is left of it, pending promises and all, is garbage from here on.
    for (const { host } of this.#actors) host.dead = true
    const { broken, tally, trace } = world
    return { broken, tally, trace, hash: world.hash, recovery: this.#aftermath.recovery }
  }

  async #play(): Promise<void> {
    const world = this.#world
    const { dice } = world
    const processes = dice.whole(1, 3)
    for (let i = 0; i < processes; i++) this.#start()
    const hosts = (): Host[] => this.#actors.filter((one) => !one.closed && !one.host.dead).map(({ host }) => host)
    const busy = (): Host[] => hosts().filter((host) => this.#witness.busy(host) > 0)
    const faults = new Faults(world, this.#server, hosts, this.#habits.lease, this.#habits.features && busy)
    const span = dice.between(1_000, 8_000)
    play(
      world,
      this.#habits,
      this.#parts,
      span,
      () => this.#awake(),
      (full) => {
        if (this.#awake().length < 4) this.#start(full)
      },
    )
    await world.pass(span)
    if (this.#mode === 'liveness') {
      faults.stop()
      await this.#aftermath.run()
    }
    await this.#closeAll()
  }

  #awake(): Actor[] {
    return this.#actors.filter(({ awake }) => awake)
  }

  #start(full = this.#world.dice.chance(0.5)): Actor {
    const { dice } = this.#world
    const parts = { world: this.#world, server: this.#server, witness: this.#witness, quality: this.#quality }
    const host = new Host(`P${this.#actors.length + 1}`, this.#habits, parts)
    const actor = new Actor(host, this.#habits, { ...parts, calls: this.#calls })
    this.#actors.push(actor)
    const workers = full ? dice.whole(1, 2) : dice.whole(0, 1)
    for (let i = 0; i < workers; i++) actor.work()
    if (full || dice.chance(0.5)) actor.guard()
    return actor
  }

  async #closeAll(): Promise<void> {
    const world = this.#world
    const { dice } = world
    this.#habits.manners.current = undefined
    for (const actor of this.#awake()) {
      actor.host.deliver(0, () => {
        for (const worker of actor.workers) actor.resume(worker)
        actor.publishMany(this.#habits.ids)
      })
    }
    await world.pass(dice.between(0, 300))
    for (const actor of this.#awake()) {
      actor.host.deliver(0, () => actor.close())
      if (dice.chance(0.5)) await world.pass(dice.between(0, 100))
    }
    const closed = (): boolean => this.#actors.every((actor) => actor.host.dead || actor.closed)
    await world.until('every queue closes', closed, 60_000)
    await world.until('every call is answered', () => this.#calls.open.length === 0, 1_000)
    // A call whose caller has gone may have one backoff left to sit out.
    const still = (): boolean => this.#actors.every(({ host }) => host.dead || host.timers === 0)
    await world.until('no timer is left', still, 1_000)
    if (this.#mode === 'safety') return
    const held = this.#witness.held
    world.hold(held === 0, () => `all queues have closed, and hold ${held} claims`)
    this.#witness.checkEnds()
  }
}
