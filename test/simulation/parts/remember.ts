import type { StepReply } from '../../../src/step.js'
import type { PublishReply, State } from '../../../src/store.js'
import { withdrawnBy } from '../../model/withdrawn.js'
import type { World } from '../world.js'
import { type Act, type Part, settledIn } from './part.js'

/** An ID that was done is not run again before its time is over, by the server's clock; nor is it let in before. */
export class Remember implements Part {
  readonly #world: World
  readonly #time: number
  readonly #from: 'finish' | 'publish'
  /** ID → ms of the server's clock. */
  readonly #until = new Map<string, number>()
  /** ID → when the publish came that let it in; and the one to which its next run is owed. */
  readonly #since = new Map<string, number>()
  readonly #owed = new Map<string, number>()

  constructor(world: World, time: number, from: 'finish' | 'publish') {
    this.#world = world
    this.#time = time
    this.#from = from
  }

  done(act: Act): void {
    const { op, reply } = act
    switch (op.verb) {
      case 'publish':
        for (const [i, id] of op.request.ids.entries()) {
          this.#published(id, (reply as PublishReply).verdicts[i] as string, act)
        }
        return
      case 'step':
        if (act.fresh) this.#stepped(act)
        return
      case 'withdraw':
        for (const id of withdrawnBy(op.request, reply as State[])) this.#until.delete(id)
        return
      case 'control':
        if (op.request.order === 'clear') this.#until.clear()
    }
  }

  #published(id: string, letter: string, { ms, reached }: Act): void {
    const until = this.#until.get(id)
    if ('qfwg'.includes(letter)) {
      const over = until === undefined || until <= reached
      this.#world.hold(over, () => `${id} is let in ${(until ?? 0) - reached} ms before it may be forgotten`)
      this.#since.set(id, ms)
    }
    if (letter === 'r') this.#owed.set(id, ms)
    if (letter !== 'm') return
    this.#world.count('metRemembered')
    const known = until !== undefined && (until > ms || this.#from === 'publish')
    this.#world.hold(known, () => `${id} is told as remembered, and its time was over at ${until}`)
  }

  #stepped({ op, reply, ms, reached, state }: Act): void {
    if (op.verb !== 'step') return
    for (const { id, end } of settledIn(op.request, reply as StepReply)) {
      if (end === 'release' || end === 'retry') continue
      const since = this.#since.get(id) ?? ms
      if (state.committed.has(id)) {
        this.#since.set(id, this.#owed.get(id) ?? since)
      } else if (end === 'done') {
        const until = (this.#from === 'publish' ? since : ms) + this.#time
        this.#until.set(id, until)
        if (until > ms) this.#world.count('remembered')
      }
    }
    for (const id of (reply as StepReply).ids) {
      const until = this.#until.get(id)
      if (until === undefined) continue
      this.#world.hold(until <= reached, () => `${id} is claimed ${until - reached} ms before it may be forgotten`)
      this.#world.count('forgotten')
      this.#until.delete(id)
    }
  }
}
