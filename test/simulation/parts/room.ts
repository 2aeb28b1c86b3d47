import type { PublishReply } from '../../../src/store.js'
import type { Verdict } from '../../../src/verdict.js'
import type { PublishCall } from '../verdicts.js'
import type { Witness } from '../witness.js'
import type { World } from '../world.js'
import type { Act, Part } from './part.js'

/**
 * A queue that holds so many and no more: who is let in fits, who is told `full` is told the truth and has waited his time,
 * and in one process none is let in before one that waits there for longer.
 */
export class Room implements Part {
  readonly #world: World
  readonly #witness: Witness
  readonly #most: number
  readonly #wait: number

  constructor(world: World, witness: Witness, { most, wait }: { most: number; wait: number }) {
    this.#world = world
    this.#witness = witness
    this.#most = most
    this.#wait = wait
  }

  done({ op, reply, state }: Act): void {
    if (op.verb !== 'publish') return
    const { size } = state.committed
    const { verdicts } = reply as PublishReply
    const entered = /[qfwg]/.test(verdicts)
    this.#world.hold(!entered || size <= this.#most, () => `${size} are let in, not ${this.#most} at most`)
    if (!/[xz]/.test(verdicts)) return
    this.#world.count('fullVerdicts')
    this.#world.hold(size >= this.#most, () => `a queue of ${size} is told full, and holds ${this.#most}`)
  }

  told(call: PublishCall, { outcome }: Verdict): void {
    const { id, at, host } = call
    const waited = this.#world.now - at
    if (outcome !== 'full') {
      if (waited > 20 && this.#wait > 0) this.#world.count('waitedForRoom')
      if (this.#wait > 0 && (outcome === 'queued' || outcome === 'delayed')) this.#letIn(call)
      return
    }
    this.#world.count('toldFull')
    const closing = this.#witness.hosts.get(host)?.closing === true
    const all = waited >= this.#wait - 1 || closing
    this.#world.hold(all, () => `${id} is told full after ${waited.toFixed(0)} ms, not ${this.#wait}`)
  }

  /** What was in the queue already finds room whenever it comes. */
  #letIn(call: PublishCall): void {
    const open = this.#witness.verdicts.openBeside(call)
    const before = open.find(({ at }) => at < call.at)
    this.#world.hold(!before, () => `${call.key} is let in before ${before?.id}, which waits for longer`)
    if (open.length > 0) this.#world.count('letInFirst')
  }
}
