import { Actor } from './actor.js'
import { Calls } from './calls.js'
import { Faults, LONGEST_JUMP, qualityBy } from './faults.js'
import { type Habits, habitsBy, triesTake } from './habits.js'
import { Host } from './host.js'
import { CALM } from './network.js'
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

/**
 * Published to idle workers, an ID runs within this, ms: a token may go with a wire that a pause cut just then, and is put
 * back 100 ms later …
 */
const PROMPT = 250
/** … but that is seldom: a wire dialled anew, a script to load, six one-way trips of a calm network. */
const USUAL = 60

/** ms for which the server may still serve a wire that was given up. */
const LINGER = 80

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
  #recovery = 0

  constructor(seed: number, mode: Mode, traced = false) {
    this.#mode = mode
    const world = new World(seed, traced)
    this.#world = world
    this.#habits = habitsBy(world)
    this.#witness = new Witness(world, this.#habits.replyTimeout, this.#habits.features)
    this.#server = new Server(world, this.#witness)
    this.#witness.state = this.#server.state
    this.#calls = new Calls(world)
    const seen = { world, server: this.#server, witness: this.#witness, calls: this.#calls }
    this.#parts = partsOf({ ...seen, habits: this.#habits, actors: this.#actors })
    this.#witness.parts = this.#parts
    this.#parts.begin()
    this.#quality = { now: qualityBy(world.dice, this.#habits.lease) }
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
    return { broken, tally, trace, hash: world.hash, recovery: this.#recovery }
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
      await this.#recover()
      await this.#answerAtOnce()
      await this.#keepLong()
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

  /** Faults have stopped, one worker and one guard are there, handlers return: every ID leaves. */
  async #recover(): Promise<void> {
    const world = this.#world
    const { lease, maxJams, replyTimeout, every, slowest, ids, publishTimeout } = this.#habits
    const { late } = this.#quality.now
    this.#quality.now = CALM
    world.note(() => 'the faults stop')
    for (const actor of this.#awake()) for (const worker of actor.workers) actor.resume(worker)
    // The old ones are to do it themselves, if they can.
    const awake = this.#awake()
    if (!awake.some(({ workers }) => workers.length > 0) || !awake.some(({ guarded }) => guarded)) this.#start(true)
    const { state } = this.#server
    const tries = triesTake(this.#habits)
    // What is on its way arrives, dead wires are replaced, the last lease lapses, a late guard gives its grace, a delay
    // by jams ends; then one slot works off all there is.
    const wires = late + replyTimeout + 5_000 + 1_250
    const leases = (2 + 0.5 + maxJams + 1 + 0.5 + LONGEST_JUMP * 2) * lease + 2 * every
    // Of all this a third: the worst of each never comes together.
    const bound = (wires + leases + ids.length * (slowest + 100) + publishTimeout) / 3 + tries + this.#parts.takes
    await world.pass(late)
    await this.#resumeQueue()
    await this.#parts.calm()
    const waits = /idle|sweep|events/
    const quiet = (): boolean =>
      state.committed.size === 0 && this.#witness.busy() === 0 && this.#calls.open.every((call) => waits.test(call))
    const took = await world.until('every ID leaves, every handler returns, every call is answered', quiet, bound)
    this.#recovery = (late + took) / bound
    this.#witness.checkPromises()
    await world.pass(replyTimeout + 5_500)
    await this.#parts.quiet()
  }

  /** No pause is on its way any more, and whoever had paused the queue for all lets it go on. */
  async #resumeQueue(): Promise<void> {
    const pausing = (): boolean => this.#calls.open.some((call) => call.endsWith(' pause'))
    await this.#world.until('a pause is answered', () => !pausing(), 2 * this.#habits.publishTimeout + 1_000)
    this.#server.order({ verb: 'control', request: { order: 'resume' } })
  }

  /** All is quiet: what is published now runs at once, whoever was told to pause or to close before. */
  async #answerAtOnce(): Promise<void> {
    const world = this.#world
    const { dice } = world
    // One that fails may come back later.
    this.#habits.manners.current = this.#habits.features ? { quick: 1 } : { quick: 1, atOnce: 1 }
    this.#quality.now = { ...CALM, late: LINGER }
    for (let round = 0; round < 4; round++) {
      const workers = this.#awake().flatMap((actor) => actor.workers.map((worker) => ({ actor, worker })))
      for (const { actor, worker } of workers) {
        if (dice.chance(0.4)) actor.pause(worker)
        else actor.resume(worker)
      }
      const { actor, worker } = dice.pick(workers)
      actor.resume(worker)
      if (dice.chance(0.5)) await world.pass(dice.between(0, 50))
      if (this.#parts.settles > 0) await world.pass(this.#parts.settles)
      // A step that rides with a wait is refused then, and the token is gone.
      if (dice.chance(0.5)) this.#server.forgetScripts()
      const fresh = `fresh${round}`
      const before = this.#witness.runsOf(fresh)
      dice.pick(this.#awake()).publish(fresh, true)
      const took = await world.until(
        `${fresh} runs, though ${actor.host.name} has a free worker`,
        () => this.#witness.runsOf(fresh) > before,
        PROMPT,
      )
      world.count('probes')
      if (took <= USUAL) world.count('promptProbes')
      world.count('probeMs', took)
      await world.until('it ends', () => this.#server.state.committed.size === 0, 200)
    }
  }

  /** All is quiet, and handlers take up to two leases: each claim is kept until its handler has returned. */
  async #keepLong(): Promise<void> {
    const world = this.#world
    const { ids, slowest, lease } = this.#habits
    this.#habits.manners.current = { slow: 2, deaf: 1 }
    this.#quality.now = CALM
    const jams = world.tally['jams'] ?? 0
    this.#awake()[0]?.publishMany(ids, true)
    await world.pass(20)
    await world.until(
      'it ends',
      () => this.#server.state.committed.size === 0,
      ids.length * (slowest + 100) + lease + triesTake(this.#habits) + this.#parts.takes,
    )
    world.hold(jams === (world.tally['jams'] ?? 0), () => 'an ID jammed, though all was quiet')
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
