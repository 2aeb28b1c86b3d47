import type { Op, QueueState } from '../../../src/memory/model.js'
import type { SweepReply } from '../../../src/step.js'
import type { World } from '../world.js'
import type { Act, Part } from './part.js'

/** What meets by chance alone is counted, so that nobody can say that it never did. */
export class Encounters implements Part {
  readonly #world: World
  readonly #state: QueueState
  #owed: ReadonlySet<string> = new Set()

  constructor(world: World, state: QueueState) {
    this.#world = world
    this.#state = state
  }

  asked(op: Op): void {
    const { owed, delayed, tries, withdrawn, processing } = this.#state
    if (op.verb === 'sweep') this.#owed = new Set(owed.keys())
    if (op.verb === 'withdraw') {
      const waiting = op.request.ids.filter((id) => delayed.has(id) && tries.has(id))
      if (waiting.length > 0) this.#world.count('withdrawnInBackoff')
      if (op.request.ids.some((id) => owed.has(id))) this.#world.count('withdrawnWithRunOwed')
    }
    if (op.verb === 'publish' && op.request.ids.some((id) => processing.has(id) && withdrawn.has(id))) {
      this.#world.count('publishedWhileWithdrawn')
    }
  }

  done({ op, reply }: Act): void {
    if (op.verb !== 'sweep') return
    for (const { id } of (reply as SweepReply).jammed) if (this.#owed.has(id)) this.#world.count('owedLapses')
  }
}
