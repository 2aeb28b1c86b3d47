import type { StepReply, SweepReply } from '../../../src/step.js'
import type { World } from '../world.js'
import { type Act, type Part, settledIn } from './part.js'

/** At most `max` claims in a window of `per` that begins with the first of them, over all processes. */
export class Rate implements Part {
  readonly takes: number
  readonly settles: number
  readonly #world: World
  readonly #max: number
  readonly #per: number
  #start = Number.NEGATIVE_INFINITY
  #count = 0

  /** `runs`: how many a recovery may need. */
  constructor(world: World, { max, per }: { max: number; per: number }, runs: number) {
    this.#world = world
    this.#max = max
    this.#per = per
    this.takes = Math.ceil(runs / max + 1) * per
    this.settles = per
  }

  done({ op, reply, fresh, ms }: Act): void {
    if (op.verb !== 'step' || !fresh) return
    const { ids } = reply as StepReply
    if (ids.length === 0) return
    if (ms < this.#start || ms >= this.#start + this.#per) [this.#start, this.#count] = [ms, 0]
    this.#count += ids.length
    const within = this.#count <= this.#max
    this.#world.hold(within, () => `${this.#count} claims within ${this.#per} ms, not ${this.#max} at most`)
    if (this.#count === this.#max) this.#world.count('spentWindows')
  }
}

/** Never more than so many live claims at once, over all processes. */
export class Active implements Part {
  readonly #world: World
  readonly #most: number
  readonly #live = new Set<string>()

  constructor(world: World, most: number) {
    this.#world = world
    this.#most = most
  }

  done({ op, reply, fresh }: Act): void {
    if (op.verb === 'sweep') {
      for (const { id, token } of (reply as SweepReply).jammed) this.#live.delete(`${token} ${id}`)
    }
    if (op.verb !== 'step' || !fresh) return
    for (const { id, token } of settledIn(op.request, reply as StepReply)) this.#live.delete(`${token} ${id}`)
    const { token, ids } = reply as StepReply
    if (ids.length === 0) return
    for (const id of ids) this.#live.add(`${token} ${id}`)
    const { size } = this.#live
    this.#world.hold(size <= this.#most, () => `${size} claims live at once, not ${this.#most} at most`)
    if (size === this.#most) this.#world.count('fullHouses')
  }
}
