import type { Actor } from './actor.js'
import { Dice } from './dice.js'
import { LONGEST_JUMP } from './faults.js'
import { triesTake } from './habits.js'
import { CALM } from './network.js'
import type { Parts, Scene as Seen } from './parts/part.js'

/**
 * Published to idle workers, an ID runs within this, ms: a token may go with a wire that a pause cut just then, and is put
 * back 100 ms later …
 */
const PROMPT = 250
/** … but that is seldom: a wire dialled anew, a script to load, six one-way trips of a calm network. */
const USUAL = 60

/** ms for which the server may still serve a wire that was given up. */
const LINGER = 80

interface Scene extends Seen {
  readonly parts: Parts
  readonly quality: { now: typeof CALM }
  /** One more process, with workers and a guard. */
  readonly start: () => void
}

interface Working {
  readonly actor: Actor
  readonly worker: Actor['workers'][number]
}

/** liveness: the faults have stopped, and what the library promises for such times is asked for, promise by promise. */
export class Aftermath {
  readonly #scene: Scene
  /** What it took of the time it may take until every ID had left, 0 to 1. */
  recovery = 0

  constructor(scene: Scene) {
    this.#scene = scene
  }

  async run(): Promise<void> {
    await this.#recover()
    await this.#answerAtOnce()
    await this.#keepLong()
    await this.#loseAll()
  }

  #awake(): Actor[] {
    return this.#scene.actors.filter(({ awake }) => awake)
  }

  #working(): Working[] {
    return this.#awake().flatMap((actor) => actor.workers.map((worker) => ({ actor, worker })))
  }

  /** Nothing is left to be done or answered, but for who waits for that. */
  get #quiet(): boolean {
    const { server, witness, calls } = this.#scene
    const waits = /idle|sweep|events/
    return server.state.committed.size === 0 && witness.busy() === 0 && calls.open.every((call) => waits.test(call))
  }

  /** Faults have stopped, one worker and one guard are there, handlers return: every ID leaves. */
  async #recover(): Promise<void> {
    const world = this.#scene.world
    const { lease, maxJams, replyTimeout, every, slowest, ids, publishTimeout } = this.#scene.habits
    const { late } = this.#scene.quality.now
    this.#scene.quality.now = CALM
    world.note(() => 'the faults stop')
    const alone = this.#leaveAlone()
    for (const { actor, worker } of this.#working()) if (worker !== alone?.worker) actor.resume(worker)
    // The old ones are to do it themselves, if they can.
    const awake = this.#awake()
    if (!awake.some(({ workers }) => workers.length > 0) || !awake.some(({ guarded }) => guarded)) this.#scene.start()
    const tries = triesTake(this.#scene.habits)
    // What is on its way arrives, dead wires are replaced, the last lease lapses, a late guard gives its grace, a delay
    // by jams ends; then one slot works off all there is.
    const wires = late + replyTimeout + 5_000 + 1_250
    const leases = (2 + 0.5 + maxJams + 1 + 0.5 + LONGEST_JUMP * 2) * lease + 2 * every
    // Of all this a third: the worst of each never comes together.
    const bound = (wires + leases + ids.length * (slowest + 100) + publishTimeout) / 3 + tries + this.#scene.parts.takes
    await world.pass(late)
    await this.#resumeQueue()
    await this.#scene.parts.calm()
    const took = await world.until(
      'every ID leaves, every handler returns, every call is answered',
      () => this.#quiet,
      bound,
    )
    this.recovery = (late + took) / bound
    this.#scene.witness.checkPromises()
    await world.pass(replyTimeout + 5_500)
    await this.#scene.parts.quiet()
    // One that fails may come back later.
    this.#scene.habits.manners.current = this.#scene.habits.features ? { quick: 1 } : { quick: 1, atOnce: 1 }
    if (alone) await this.#worksUnasked(alone)
  }

  /**
   * A worker that nobody touches from here on, so that nothing but itself takes up what the faults made it drop: each pause
   * and resume would make it look anew. By dice of its own.
   */
  #leaveAlone(): Working | undefined {
    const free = this.#working().filter(({ worker }) => !this.#scene.witness.steps.barred.has(worker.name))
    return new Dice(~this.#scene.world.seed).pick(free)
  }

  /** All is quiet, all others pause: what is published now is run by the one that nobody has touched. */
  async #worksUnasked({ actor, worker }: Working): Promise<void> {
    for (const other of this.#working()) if (other.worker !== worker) other.actor.pause(other.worker)
    await this.#settle()
    await this.#runsAtOnce('alone', `${worker.name} of ${actor.host.name} is free, and was not touched`)
    this.#scene.world.count('leftAlone')
  }

  /** No pause is on its way any more, and whoever had paused the queue for all lets it go on. */
  async #resumeQueue(): Promise<void> {
    const pausing = (): boolean => this.#scene.calls.open.some((call) => call.endsWith(' pause'))
    await this.#scene.world.until(
      'a pause is answered',
      () => !pausing(),
      2 * this.#scene.habits.publishTimeout + 1_000,
    )
    this.#scene.server.order({ verb: 'control', request: { order: 'resume' } })
  }

  /** All is quiet: what is published now runs at once, whoever was told to pause or to close before. */
  async #answerAtOnce(): Promise<void> {
    const world = this.#scene.world
    const { dice } = world
    this.#scene.quality.now = { ...CALM, late: LINGER }
    for (let round = 0; round < 4; round++) {
      const workers = this.#working()
      for (const { actor, worker } of workers) {
        if (dice.chance(0.4)) actor.pause(worker)
        else actor.resume(worker)
      }
      const { actor, worker } = dice.pick(workers)
      actor.resume(worker)
      if (dice.chance(0.5)) await world.pass(dice.between(0, 50))
      await this.#settle()
      // A step that rides with a wait is refused then, and the token is gone.
      if (dice.chance(0.5)) this.#scene.server.forgetScripts()
      const took = await this.#runsAtOnce(`fresh${round}`, `${actor.host.name} has a free worker`)
      world.count('probes')
      if (took <= USUAL) world.count('promptProbes')
      world.count('probeMs', took)
    }
  }

  /** Until nothing that was done before keeps a publish from running at once. */
  async #settle(): Promise<void> {
    const { world, parts } = this.#scene
    if (parts.settles > 0) await world.pass(parts.settles)
  }

  /** Published by anyone, it runs and ends. Gives the ms until it ran. */
  async #runsAtOnce(id: string, free: string): Promise<number> {
    const before = this.#scene.witness.runsOf(id)
    this.#scene.world.dice.pick(this.#awake()).publish(id, true)
    const ran = (): boolean => this.#scene.witness.runsOf(id) > before
    const took = await this.#scene.world.until(`${id} runs, though ${free}`, ran, PROMPT)
    await this.#scene.world.until('it ends', () => this.#scene.server.state.committed.size === 0, 200)
    return took
  }

  /** All is quiet, and handlers take up to two leases: each claim is kept until its handler has returned. */
  async #keepLong(): Promise<void> {
    const world = this.#scene.world
    const { ids, slowest, lease } = this.#scene.habits
    this.#scene.habits.manners.current = { slow: 2, deaf: 1 }
    this.#scene.quality.now = CALM
    const jams = world.tally['jams'] ?? 0
    this.#awake()[0]?.publishMany(ids, true)
    await world.pass(20)
    await world.until(
      'it ends',
      () => this.#scene.server.state.committed.size === 0,
      ids.length * (slowest + 100) + lease + triesTake(this.#scene.habits) + this.#scene.parts.takes,
    )
    world.hold(jams === (world.tally['jams'] ?? 0), () => 'an ID jammed, though all was quiet')
  }

  /**
   * All that one worker holds is taken from it while its handlers run, since the server's clock jumps; they end only when
   * they are told to stop. None of its jobs ends well, so nothing but the loss itself tells it that it has room again: it
   * works on, and alone.
   */
  async #loseAll(): Promise<void> {
    const { world, witness, habits, server, parts } = this.#scene
    const { ids, lease, slowest, maxJams, features, jobTimeout, manners } = habits
    // A handler that is too late ends by that, and its job is ours still.
    if (jobTimeout > 0) return
    const { actor, worker } = new Dice(world.seed ^ 0x10_5e).pick(this.#working())
    for (const other of this.#working()) if (other.worker !== worker) other.actor.pause(other.worker)
    actor.resume(worker)
    // A claim of the others may be on its way; and somebody may have waited for room until now.
    await world.pass(PROMPT)
    const bound = 4 * lease + ids.length * slowest + triesTake(habits) + parts.takes
    await world.until('all is quiet', () => this.#quiet, bound)
    manners.current = { stops: 1 }
    actor.publishMany(
      ids.map((_, at) => `held${at}`),
      true,
    )
    await world.until('they run', () => witness.busy(actor.host) > 0, PROMPT + parts.takes)
    await world.pass(PROMPT)
    manners.current = { quick: 1 }
    actor.host.disturb(0)
    const before = world.tally['jams'] ?? 0
    const error = '{"message":"it jammed"}'
    const asked = {
      limit: 250,
      keepFailed: 1_000,
      lease,
      jitter: 0,
      error,
      ordered: features?.ordered ?? false,
      guard: null,
    }
    // A worker's lease may be twice the queue's; and the first sweep after a jump gives half a lease to those who live.
    for (const jump of [3 * lease, Math.floor(lease / 2)]) {
      server.skew += jump
      server.order({ verb: 'sweep', request: { ...asked, maxJams: features?.once ? 0 : maxJams } })
    }
    world.hold(before < (world.tally['jams'] ?? 0), () => 'nothing was taken from it')
    await world.until('what it has lost runs again', () => this.#quiet, bound)
    await this.#settle()
    await this.#runsAtOnce('lost', `${worker.name} of ${actor.host.name} is free, and was not touched`)
    world.count('lostAll')
  }
}
