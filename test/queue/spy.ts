import type { StepReply, StepRequest, SweepReply, SweepRequest } from '../../src/step.js'
import type { OpenStore, PublishReply, PublishRequest, Report, Store } from '../../src/store.js'
import { Latch } from '../support/latch.js'

/** What was asked of a store, and what it said: recorded once the answer is there. */
export type Exchange =
  | { readonly verb: 'publish'; readonly request: PublishRequest; readonly reply: PublishReply }
  | { readonly verb: 'step'; readonly request: StepRequest; readonly reply: StepReply }
  | { readonly verb: 'report'; readonly request: Report; readonly reply: boolean }
  | { readonly verb: 'sweep'; readonly request: SweepRequest; readonly reply: SweepReply }

type Watched = Exchange['verb']

interface Gate {
  readonly verb: Watched
  readonly opened: Latch
  /** Calls that wait before it. */
  waiting: number
}

/** Stands between queues and their store: tells what went through, so that a test can wait for it, and holds it back when asked. */
export class Spy {
  readonly exchanges: Exchange[] = []
  /** `ID end mark`, as each settlement was answered. */
  readonly settled: string[] = []
  /** `ID mark`, as each renewal was answered. */
  readonly renewed: string[] = []
  readonly claimed: string[] = []
  readonly #lookers = new Set<() => void>()
  readonly #gates: Gate[] = []

  /** The same store, watched. */
  over(open: OpenStore): OpenStore {
    return (place) => {
      const store = open(place)
      return {
        ...bound(store),
        publish: async (request, patience) => {
          await this.#pass('publish')
          return this.#heard({ verb: 'publish', request, reply: await store.publish(request, patience) })
        },
        step: async (request, patience) => {
          await this.#pass('step')
          return this.#heard({ verb: 'step', request, reply: await store.step(request, patience) })
        },
        report: async (request, patience) => {
          await this.#pass('report')
          return this.#heard({ verb: 'report', request, reply: await store.report(request, patience) })
        },
        sweep: async (request, patience) => {
          await this.#pass('sweep')
          return this.#heard({ verb: 'sweep', request, reply: await store.sweep(request, patience) })
        },
      }
    }
  }

  of<V extends Watched>(verb: V): Extract<Exchange, { verb: V }>[] {
    return this.exchanges.filter((one): one is Extract<Exchange, { verb: V }> => one.verb === verb)
  }

  /** Resolves once `condition` holds; it is looked at after each answer and each held call. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return
        this.#lookers.delete(look)
        resolve()
      }
      this.#lookers.add(look)
    })
  }

  /** From now on calls of this verb wait, unsent, until the latch is opened. */
  hold(verb: Watched): Gate {
    const gate = { verb, opened: new Latch(), waiting: 0 }
    this.#gates.push(gate)
    return gate
  }

  async #pass(verb: Watched): Promise<void> {
    const gate = this.#gates.find((one) => one.verb === verb && !one.opened.isOpen)
    if (!gate) return
    gate.waiting++
    this.#look()
    await gate.opened.wait
    gate.waiting--
  }

  #heard<E extends Exchange>(exchange: E): E['reply'] {
    this.exchanges.push(exchange)
    if (exchange.verb === 'step') this.#note(exchange.request, exchange.reply)
    // Whoever waits goes on after the caller has its answer.
    setImmediate(() => this.#look())
    return exchange.reply
  }

  #note({ settle, renew }: StepRequest, { settled, renewed, ids }: StepReply): void {
    this.claimed.push(...ids)
    const ends = settle.flatMap((group) => group.ids.map((id) => `${id} ${group.end}`))
    this.settled.push(...ends.map((end, i) => `${end} ${settled === '' ? '1' : settled[i]}`))
    const renewals = renew.flatMap((group) => group.ids)
    this.renewed.push(...renewals.map((id, i) => `${id} ${renewed === '' ? '1' : renewed[i]}`))
  }

  #look(): void {
    for (const look of [...this.#lookers]) look()
  }
}

/** Methods of a class are not its own properties: spreading it would lose them. */
function bound(store: Store): Store {
  return {
    publish: (request, patience) => store.publish(request, patience),
    step: (request, patience) => store.step(request, patience),
    sweep: (request, patience) => store.sweep(request, patience),
    withdraw: (ids, patience) => store.withdraw(ids, patience),
    move: (request, patience) => store.move(request, patience),
    report: (request, patience) => store.report(request, patience),
    recall: (ids, patience) => store.recall(ids, patience),
    inspect: (ids, patience) => store.inspect(ids, patience),
    list: (request, patience) => store.list(request, patience),
    counts: (patience) => store.counts(patience),
    // No step rides with a wait here: each is seen, and held where it is to be held.
    awaitWork: (timeout, signal) => store.awaitWork(timeout, signal),
    listen: (hear, signal, patience) => store.listen(hear, signal, patience),
    control: (order, patience) => store.control(order, patience),
    audit: (request, patience) => store.audit(request, patience),
    mend: (request, patience) => store.mend(request, patience),
    close: () => store.close(),
  }
}
