import type { Op, Reply } from '../../../src/memory/model.js'
import type { ListedState, State } from '../../../src/store.js'
import type { Actor } from '../actor.js'
import type { Witness } from '../witness.js'
import type { World } from '../world.js'
import { type Act, type Move, often, type Part } from './part.js'

interface Whole {
  readonly what: string
  readonly state: ListedState
  readonly call: (actor: Actor) => Promise<number>
}

const WHOLES: readonly Whole[] = [
  { what: 'retry all', state: 'failed', call: ({ host }) => host.queue.retry('all') },
  { what: 'promote all', state: 'delayed', call: ({ host }) => host.queue.promote('all') },
  ...(['queued', 'delayed', 'processing', 'failed'] as const).map(
    (state): Whole => ({
      what: `withdraw all ${state}`,
      state,
      call: ({ host }) => host.queue.withdraw({ state }),
    }),
  ),
]

/** What is done by hand to all that are in a state: to each that was in it all the time, and no more are told than there were. */
export class States implements Part {
  readonly moves: readonly Move[]
  readonly #world: World
  readonly #witness: Witness
  /** Process and state → IDs of it that were taken so far. */
  readonly #taken = new Map<string, number>()

  constructor(world: World, witness: Witness) {
    this.#world = world
    this.#witness = witness
    this.moves = WHOLES.flatMap((whole) =>
      often(whole.what === 'retry all' ? 2 : 1, (actor) => this.#all(actor, whole)),
    )
  }

  done({ op, reply, by }: Act): void {
    const took = takenBy(op, reply)
    if (took > 0) this.#taken.set(by, this.#takenOf(by) + took)
    if (op.verb === 'withdraw' && took > 0) this.#world.count('withdrawnByHand', took)
  }

  #takenOf(by: string): number {
    return this.#taken.get(by) ?? 0
  }

  #all(actor: Actor, { what, state, call }: Whole): void {
    const { name } = actor.host
    const { order: from, looks } = this.#witness
    const before = this.#takenOf(name)
    const judged = call(actor).then((count) => {
      this.#world.count('wholes')
      if (count > 0) this.#world.count('wholesOfSome')
      const took = this.#takenOf(name) - before
      this.#world.hold(count <= took, () => `${what} tells of ${count}, and took ${took}`)
      // A running one stays where it is, withdrawn.
      if (state !== 'processing') looks.emptied(what, state, from, this.#witness.order)
    })
    actor.hand.watch(what, judged, 8)
  }
}

/** How many IDs a call took out of the state that it was to take them from. */
function takenBy(op: Op, reply: Reply): number {
  if (op.verb === 'move') return (reply as State[]).filter((was) => was === op.request.from).length
  if (op.verb !== 'withdraw') return 0
  const { from } = op.request
  return (reply as State[]).filter((was) => was !== 'absent' && was === (from ?? was)).length
}
