import type { Op } from '../../../src/memory/model.js'
import type { StepReply, SweepReply } from '../../../src/step.js'
import type { Run } from '../claim.js'
import type { World } from '../world.js'
import { type Act, type Part, settledIn } from './part.js'

/** At most once: what began is not begun again, unless it was published anew, or a person says so. */
export class Once implements Part {
  readonly #world: World
  /** ID → how often it has come in, or come up for a run that was owed. */
  readonly #entries = new Map<string, number>()
  /** Token and ID → which time that was. */
  readonly #claims = new Map<string, number>()
  readonly #begun = new Set<string>()
  #owed: ReadonlySet<string> = new Set()
  readonly #owedNow: () => Iterable<string>

  constructor(world: World, owedNow: () => Iterable<string>) {
    this.#world = world
    this.#owedNow = owedNow
  }

  asked({ verb }: Op): void {
    if (verb === 'sweep' || verb === 'step') this.#owed = new Set(this.#owedNow())
  }

  done({ op, reply, fresh, state }: Act): void {
    switch (op.verb) {
      case 'publish': {
        const { verdicts } = reply as { verdicts: string }
        for (const [i, id] of op.request.ids.entries()) if ('qfwg'.includes(verdicts[i] as string)) this.#enters(id)
        return
      }
      case 'move':
        for (const id of op.request.ids) if (op.request.from === 'failed' && state.committed.has(id)) this.#enters(id)
        return
      case 'sweep':
        for (const { id, now } of (reply as SweepReply).jammed) {
          if (now === 'failed') this.#world.count('endedByLapse')
          if (this.#owed.has(id)) this.#enters(id)
        }
        return
      case 'step':
        if (!fresh) return
        for (const { id } of settledIn(op.request, reply as StepReply)) if (this.#owed.has(id)) this.#enters(id)
        for (const id of (reply as StepReply).ids) {
          this.#claims.set(`${(reply as StepReply).token} ${id}`, this.#entries.get(id) ?? 0)
        }
    }
  }

  began({ claim: { id, token } }: Run): void {
    const entry = `${this.#claims.get(`${token} ${id}`)} ${id}`
    this.#world.hold(!this.#begun.has(entry), () => `${id} (${token}) had begun, and begins again`)
    this.#begun.add(entry)
    this.#world.count('begunOnce')
  }

  #enters(id: string): void {
    this.#entries.set(id, (this.#entries.get(id) ?? 0) + 1)
  }
}
