import type { ConvoyError } from '../../src/errors.js'
import { VERDICTS, type Verdict } from '../../src/verdict.js'
import type { World } from './world.js'

/** One publish of one ID by one process. */
export interface PublishCall {
  readonly key: string
  readonly id: string
  readonly host: string
  /** When it was made, by the world's time; and what the server had done then. */
  readonly at: number
  readonly from: number
  /** Of one ID alone: told at once, and not with others. */
  readonly alone: boolean
  /** nothing: the caller was told that nothing happened. */
  told: 'open' | 'verdict' | 'nothing' | 'unknown'
}

interface Judged {
  readonly order: number
  readonly letter: string
  readonly copy: boolean
}

/** Verdicts of a server that is full, or has had that slot: the publish ran, and nothing came of it. */
const STORED_NOTHING = 'xzn'

/** Holds what publishers are told against what the server did. */
export class Verdicts {
  readonly #world: World
  readonly #calls = new Map<string, PublishCall[]>()
  readonly #judged = new Map<string, Judged[]>()
  /** Guaranteed runs: which ID, and what the server had done when it promised. */
  readonly promised: { readonly id: string; readonly order: number }[] = []

  constructor(world: World) {
    this.#world = world
  }

  called(host: string, id: string, order: number, alone = false): PublishCall {
    const key = `${host} ${id}`
    const call: PublishCall = { key, id, host, at: this.#world.now, from: order, alone, told: 'open' }
    const calls = this.#calls.get(key)
    if (calls) calls.push(call)
    else this.#calls.set(key, [call])
    return call
  }

  /** Who waits for an answer in the same process, of those that publish one ID alone. */
  openBeside({ host }: PublishCall): PublishCall[] {
    const all = [...this.#calls.values()].flat()
    return all.filter((one) => one.alone && one.told === 'open' && one.host === host)
  }

  /** The server judged an ID for a process; `copy`: the network sent the request twice, which nobody can know. */
  judged(host: string, id: string, letter: string, order: number, copy: boolean): void {
    const key = `${host} ${id}`
    const calls = this.#calls.get(key) ?? []
    if (!copy && !STORED_NOTHING.includes(letter) && calls.every(({ told }) => told === 'nothing')) {
      this.#world.breach(`${key} was published, though every publisher was told that nothing had happened`)
    }
    const judged = this.#judged.get(key)
    if (judged) judged.push({ order, letter, copy })
    else this.#judged.set(key, [{ order, letter, copy }])
  }

  told(call: PublishCall, verdict: Verdict): void {
    call.told = 'verdict'
    const mine = (this.#judged.get(call.key) ?? []).findLast(
      (one) => one.order > call.from && agree(VERDICTS[one.letter], verdict),
    )
    if (!mine || verdict.id !== call.id) {
      this.#world.breach(`${call.key} was told ${JSON.stringify(verdict)}, which the server never said`)
      return
    }
    this.#world.count('verdicts')
    if (verdict.repeated) this.#world.count('repeated')
    if (verdict.guaranteed) this.promised.push({ id: call.id, order: mine.order })
  }

  refused(call: PublishCall, { code }: ConvoyError): void {
    call.told = code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'nothing'
    this.#world.count(code)
    if (call.told === 'unknown') return
    const happened = (this.#judged.get(call.key) ?? []).some(
      ({ order, letter, copy }) => !copy && order > call.from && !STORED_NOTHING.includes(letter),
    )
    // Also one that has ended: what it sent on a wire that was given up may come late.
    const others = this.#calls.get(call.key)?.some((one) => one.told !== 'nothing')
    this.#world.hold(!happened || others === true, () => `${call.key} was told ${code}, and had been published`)
  }
}

function agree(a: Pick<Verdict, 'outcome' | 'was' | 'guaranteed'> | undefined, b: Verdict): boolean {
  return a?.outcome === b.outcome && a.was === b.was && a.guaranteed === b.guaranteed
}
