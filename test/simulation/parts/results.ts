import type { KeptResult } from '../../../src/looking.js'
import type { StepReply } from '../../../src/step.js'
import type { State } from '../../../src/store.js'
import { withdrawnBy } from '../../model/withdrawn.js'
import type { Actor } from '../actor.js'
import type { Server } from '../server.js'
import type { World } from '../world.js'
import { type Act, type Move, often, type Part, settledIn } from './part.js'

/** What is kept of one run. */
interface Keeping {
  readonly token: string
  /** What the server had done when it was put there, and when another, or nothing, took its place. */
  readonly from: number
  gone: number
  /** ms of the server's clock. */
  readonly until: number
}

/** What a handler returned is kept for its time, and gone after it: the newest of an ID's runs. */
export class Results implements Part {
  readonly moves: readonly Move[]
  readonly #world: World
  readonly #server: Server
  readonly #time: number
  readonly #kept = new Map<string, Keeping[]>()
  #order = 0
  #reached = 0

  constructor(world: World, server: Server, { ids, time }: { ids: readonly string[]; time: number }) {
    this.#world = world
    this.#server = server
    this.#time = time
    this.moves = often(6, (actor) => this.#ask(actor, world.dice.pick(ids)))
  }

  done({ op, reply, fresh, ms, reached, order }: Act): void {
    this.#order = order
    this.#reached = reached
    if (op.verb === 'withdraw') {
      // Of those that were remembered the result goes as well.
      for (const id of withdrawnBy(op.request, reply as State[]))
        if (!this.#server.state.results.has(`r${id}`)) this.#drop(id, order)
    }
    if (op.verb === 'control' && op.request.order === 'clear') for (const id of this.#kept.keys()) this.#drop(id, order)
    if (op.verb !== 'step' || !fresh) return
    for (const { id, token, end } of settledIn(op.request, reply as StepReply)) {
      if (end !== 'done') continue
      this.#drop(id, order)
      const one = { token, from: order, gone: Number.POSITIVE_INFINITY, until: ms + this.#time }
      this.#kept.set(id, [...(this.#kept.get(id) ?? []), one])
    }
  }

  #drop(id: string, order: number): void {
    const last = this.#kept.get(id)?.at(-1)
    if (last) last.gone = Math.min(last.gone, order)
  }

  #ask({ host, hand }: Actor, id: string): void {
    const { tally } = this.#world
    const asked = { order: this.#order, ms: this.#server.clock, skews: tally['skew'] ?? 0 }
    const judged = host.queue.result(id).then((told) => {
      this.#world.count(told.found ? 'results' : 'noResults')
      // Where the clock was set meanwhile, nobody can say what was over when.
      if (asked.skews === (tally['skew'] ?? 0)) this.#judge(id, told, asked)
    })
    hand.watch(`result(${id})`, judged)
  }

  #judge(id: string, told: KeptResult<unknown>, asked: { order: number; ms: number }): void {
    const kept = this.#kept.get(id) ?? []
    if (told.found) {
      const { of, token } = (told.value ?? {}) as { of?: string; token?: string }
      const its = kept.some((one) => one.token === token && one.gone > asked.order && one.until > asked.ms)
      this.#world.hold(of === id && its, () => `the result of ${id} is ${JSON.stringify(told.value)}`)
      return
    }
    // What was over once may be gone, wherever the clock was set after that.
    const still = kept.find(
      ({ from, gone, until }) =>
        from <= asked.order && gone > this.#order && until > Math.max(this.#reached, this.#server.clock),
    )
    this.#world.hold(still === undefined, () => `${id} has no result, and that of ${still?.token} is kept`)
  }
}
