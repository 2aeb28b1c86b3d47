import type { StepRequest } from '../../src/step.js'
import type { Host } from './host.js'
import { UNTOLD } from './script-call.js'
import type { World } from './world.js'

interface Sent {
  readonly request: StepRequest
  answered: boolean
  /** Sent more than once. */
  again?: true
}

const WAITING = 2
const LANES = [0, 1, WAITING]

/** The protocol as a worker must keep it: the store keeps one answer for each of its lanes, and no more. */
export class StepOrder {
  readonly #world: World
  /** The last of each worker and lane. */
  readonly #last = new Map<string, Sent>()
  /** Workers that were told to claim nothing, and when. */
  readonly barred = new Map<string, number>()
  /** How many IDs each worker has had room for at most. */
  readonly #room = new Map<string, number>()
  readonly #aftermath: number

  /** Workers that have taken their leave. */
  readonly gone = new Set<string>()

  /** `aftermath`: how long a fault may be felt, ms. */
  constructor(world: World, aftermath: number) {
    this.#world = world
    this.#aftermath = aftermath
  }

  /** A worker has room for so many now. */
  room(worker: string, ids: number): void {
    this.#room.set(worker, Math.max(ids, this.#room.get(worker) ?? 0))
  }

  sent(request: StepRequest, host: Host): void {
    const { worker, number, lane, claim } = request
    const key = `${worker}:${lane}`
    const last = this.#last.get(key)
    const since = this.barred.get(worker) ?? Number.POSITIVE_INFINITY
    const calm = host.disturbed + this.#aftermath < since
    if (last?.request.number === number) {
      this.#world.count('resentSteps')
      // It may want no more claims, as long as it has the same number.
      const wish = claim === 0 ? { ...request, claim: last.request.claim, slots: last.request.slots } : request
      // Told in few words one time, at length the next.
      const brief = last.request.keepFailed === UNTOLD || request.keepFailed === UNTOLD ? { keepFailed: UNTOLD } : {}
      const asked = (one: StepRequest): string => JSON.stringify({ ...one, slots: wish.slots, ...brief })
      const same = asked(last.request) === asked(wish)
      this.#world.hold(same, () => `step ${number} of ${worker} went out again, and asked for other things`)
      // What rode with a wait that has just been called off; a call of its own may be on its way longer, as what is sent for the
      // third time is.
      const calledOff = lane === WAITING && calm && !last.again && this.#world.now === since
      this.#world.hold(claim === 0 || !calledOff, () => `${worker} claims again what it had called off`)
      last.again = true
      return
    }
    const inOrder = last === undefined || (last.answered && last.request.number < number)
    this.#world.hold(inOrder, () => `step ${number} of ${key} went out before ${last?.request.number} was answered`)
    // A step made before may wait long for a wire.
    const late = this.#world.now > since + 10 && calm
    this.#world.hold(claim === 0 || !late, () => `${worker} claims, and is paused or closed`)
    this.#last.set(key, { request, answered: false })
    const asked = LANES.map((one) => this.#last.get(`${worker}:${one}`))
    const open = asked.reduce((sum, one) => sum + (one && !one.answered ? one.request.claim : 0), 0)
    const room = this.#room.get(worker) ?? 0
    this.#world.hold(open <= room, () => `${worker} asks for ${open} IDs, and has room for ${room}`)
  }

  answered({ worker, number, lane }: StepRequest): void {
    const last = this.#last.get(`${worker}:${lane}`)
    if (last?.request.number === number) last.answered = true
  }
}
