import type { Background } from '../../../src/life.js'
import type { Op } from '../../../src/memory/model.js'
import { every, schedules, unschedule } from '../../../src/schedule/index.js'
import type { PublishReply } from '../../../src/store.js'
import type { Actor } from '../actor.js'
import type { Host } from '../host.js'
import { type Act, type Move, often, type Part, type Scene } from './part.js'
import type { Timetable } from './timetable.js'

const ID = 'tick'
/** ms by which a slot may be late, once the network is calm. */
const LATE = 500
/** ms from the beginning of the world to a change of clocks, at most. */
const BEFORE = 12_000
/** ms after which a ticker tries again. */
const SOON = 1_000

/**
 * Each slot is published once over all processes, never before it is due, and only the last of those that were missed;
 * once the faults have stopped none is missed.
 */
export class Schedule implements Part {
  readonly moves: readonly Move[]
  readonly #scene: Scene
  readonly #times: Timetable
  readonly #lives = new Map<Host, Background>()
  /** Slot → the server's clock when it was published. */
  readonly #published = new Map<number, number>()
  /** When it was written down: slots at intervals count from there. Undefined: it is not. */
  #begun: number | undefined
  #last = Number.NEGATIVE_INFINITY
  /** Process → what the server's clock was when it asked. */
  readonly #clocks = new Map<string, number[]>()

  constructor(scene: Scene, times: Timetable) {
    this.#scene = scene
    this.#times = times
    this.moves = [
      ...often(6, (actor) => this.#start(actor)),
      ...often(1, (actor) => this.#stop(actor)),
      ...often(1, (actor) => this.#take(actor)),
      ...often(2, (actor) => this.#look(actor)),
    ]
  }

  /** Soon the clocks are changed where the schedule is. */
  begin(): void {
    const { server, world } = this.#scene
    const { around } = this.#times
    if (around !== undefined) server.epoch = (around - world.dice.whole(1_000, BEFORE)) * 1_000
  }

  /** What goes out says what its sender had seen: a slot that was due, and no later one was. */
  sent(op: Op, { name }: Host): void {
    const slot = op.verb === 'publish' ? op.request.traits?.[0]?.slot : undefined
    if (slot === undefined) return
    const next = this.#times.next(slot)
    const seen = (this.#clocks.get(name) ?? []).some((ms) => slot <= ms && ms < next)
    this.#scene.world.hold(seen, () => `${name} publishes slot ${slot}, and that was never the last one due`)
  }

  done({ op, reply, by, ms, reached }: Act): void {
    if (op.verb === 'counts') this.#clocks.set(by, [...(this.#clocks.get(by) ?? []).slice(-50), ms])
    if (op.verb === 'control' && op.request.order === 'schedule') {
      const { text, slot } = op.request
      if (text === null) {
        this.#begun = undefined
        // Whoever finds it gone has ended.
        this.#lives.clear()
      }
      if (text !== null && this.#begun === undefined) [this.#begun, this.#last] = [slot, slot]
    }
    const slot = op.verb === 'publish' ? op.request.traits?.[0]?.slot : undefined
    if (slot === undefined || 'nxz'.includes((reply as PublishReply).verdicts)) return
    const hold = this.#hold.bind(this, slot)
    hold(this.#begun !== undefined, () => 'without a schedule')
    hold(this.#onGrid(slot), () => 'which is none')
    hold(slot > this.#last, () => `after ${this.#last}`)
    hold(slot <= reached, () => `${slot - reached} ms before it is due`)
    this.#last = slot
    this.#published.set(slot, ms)
    this.#scene.world.count('slots')
    if (this.#times.timeZone !== undefined) this.#scene.world.count('cronSlots')
    const { around } = this.#times
    if (around !== undefined && slot >= around) this.#scene.world.count('slotsBehindChange')
  }

  #hold(slot: number, holds: boolean, why: () => string): void {
    this.#scene.world.hold(holds, () => `slot ${slot} is published ${why()}`)
  }

  #onGrid(slot: number): boolean {
    return this.#times.isSlot(slot, this.#begun ?? 0)
  }

  /** Calls of the store that each may take, one after the other. */
  #watch(host: Host, what: string, times: number, promise: Promise<unknown>): void {
    const { calls, habits } = this.#scene
    calls.watch(host, what, times * habits.publishTimeout, promise)
  }

  #start({ host }: Actor): void {
    const { verdicts, order } = this.#scene.witness
    const { when, timeZone } = this.#times
    // Its ticker publishes as long as it lives.
    verdicts.called(host.name, ID, order).told = 'unknown'
    const begun = every(host.queue, ID, when, timeZone === undefined ? {} : { timeZone })
    this.#watch(host, 'every', 6, begun)
    begun.then(
      (life) => this.#lives.set(host, life),
      () => undefined,
    )
  }

  #stop({ host }: Actor): void {
    const life = this.#lives.get(host)
    this.#lives.delete(host)
    if (life) this.#watch(host, 'every.close', 3, life.close())
  }

  #take({ host }: Actor): void {
    this.#watch(host, 'unschedule', 4, unschedule(host.queue, ID))
  }

  #look({ host }: Actor): void {
    const judged = schedules(host.queue).then((all) => {
      const { world } = this.#scene
      world.count('schedulesSeen', all.length)
      for (const { id, last } of all) {
        const known = this.#published.has(last.getTime()) || last.getTime() <= (this.#begun ?? this.#last)
        world.hold(id === ID && known, () => `a schedule of ${id} is told, its last slot ${last.getTime()}`)
      }
    })
    this.#watch(host, 'schedules', 2, judged)
  }

  /** Somebody keeps the time, and nothing is wrong: each slot comes, and at its time. Then it is taken out. */
  async calm(): Promise<void> {
    const { world, server, actors, habits } = this.#scene
    const { period } = this.#times
    // First the wires that are dead are found, and replaced.
    await world.pass(habits.publishTimeout + habits.replyTimeout + 2_500)
    // The old ones are to do it themselves, if they can: not where it was taken out while one of them began.
    const awake = actors.filter((actor) => actor.awake)
    const kept = this.#begun !== undefined && awake.some(({ host }) => this.#lives.has(host))
    if (!kept && awake[0]) this.#start(awake[0])
    await world.pass(6 * habits.publishTimeout + SOON + period)
    const [from, last] = [server.clock, this.#last]
    await world.pass(3 * period + LATE)
    for (let slot = from; slot <= server.clock - LATE; slot++) {
      if (slot <= last || !this.#onGrid(slot)) continue
      const at = this.#published.get(slot)
      const inTime = at !== undefined && at <= slot + LATE
      world.hold(inTime, () => `slot ${slot} was due, and is published ${at === undefined ? 'never' : at - slot}`)
      world.count('slotsInTime')
    }
    server.order({ verb: 'control', request: { order: 'schedule', id: ID, text: null, slot: 0 } })
    await world.pass(period + SOON)
  }
}
