import type { StepRequest } from '../../src/store.js'
import type { Host } from './host.js'
import type { World } from './world.js'

interface Sent {
  readonly request: StepRequest
  answered: boolean
}

/** The protocol as a worker must keep it: the store keeps one answer for each of its lanes, and no more. */
export class StepOrder {
  readonly #world: World
  /** The last of each worker and lane. */
  readonly #last = new Map<string, Sent>()
  /** Workers that were told to claim nothing, and when. */
  readonly barred = new Map<string, number>()
  readonly #aftermath: number

  /** `aftermath`: how long a fault may be felt, ms. */
  /** Workers that have taken their leave: the store knows nothing of them any more. */
  readonly gone = new Set<string>()

  constructor(world: World, aftermath: number) {
    this.#world = world
    this.#aftermath = aftermath
  }

  sent(request: StepRequest, host: Host): void {
    const { worker, number, lane, claim } = request
    const key = `${worker}:${lane}`
    const last = this.#last.get(key)
    if (last?.request.number === number) {
      this.#world.count('resentSteps')
      // It may want no more claims, as long as it has the same number.
      const wish = claim === 0 ? { ...request, claim: last.request.claim, slots: last.request.slots } : request
      const same = JSON.stringify({ ...last.request, slots: wish.slots }) === JSON.stringify(wish)
      this.#world.hold(same, () => `step ${number} of ${worker} went out again, and asked for other things`)
      return
    }
    const inOrder = last === undefined || (last.answered && last.request.number < number)
    this.#world.hold(inOrder, () => `step ${number} of ${key} went out before ${last?.request.number} was answered`)
    // A step made before may wait long for a wire.
    const since = this.barred.get(worker) ?? Number.POSITIVE_INFINITY
    const late = this.#world.now > since + 10 && host.disturbed + this.#aftermath < since
    this.#world.hold(claim === 0 || !late, () => `${worker} claims, and is paused or closed`)
    this.#last.set(key, { request, answered: false })
  }

  answered({ worker, number, lane }: StepRequest): void {
    const last = this.#last.get(`${worker}:${lane}`)
    if (last?.request.number === number) last.answered = true
  }
}
