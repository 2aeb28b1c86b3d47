import type { Met } from '../../src/operator.js'
import type { ListedState } from '../../src/store.js'
import type { Calls } from './calls.js'
import type { Host } from './host.js'
import type { Witness } from './witness.js'

/** Longer than any line. */
const PAGE = 1_000

/** What people and dashboards do with a queue, through one process. */
export class Hand {
  readonly #host: Host
  readonly #witness: Witness
  /** One that takes so many calls of the store, one after the other. */
  readonly watch: (what: string, promise: Promise<unknown>, calls?: number) => void

  /** `bound` ms: how long each may take. */
  constructor(host: Host, bound: number, { witness, calls }: { witness: Witness; calls: Calls }) {
    this.#host = host
    this.#witness = witness
    this.watch = (what, promise, times = 1) => calls.watch(host, what, bound * times, promise)
  }

  withdraw(ids: readonly string[]): void {
    this.#meets('withdraw', ids, this.#host.queue.withdraw(ids))
  }

  clear(): void {
    this.watch('clear', this.#host.queue.clear())
  }

  retry(ids: readonly string[]): void {
    this.#meets('retry', ids, this.#host.queue.retry(ids))
  }

  promote(ids: readonly string[]): void {
    this.#meets('promote', ids, this.#host.queue.promote(ids))
  }

  pause(): void {
    this.watch('pause', this.#host.queue.pause())
  }

  resume(): void {
    this.watch('resume', this.#host.queue.resume())
  }

  stats(): void {
    this.watch('stats', this.#host.queue.stats())
  }

  inspect(ids: readonly string[]): void {
    const { order: from, looks } = this.#witness
    const told = this.#host.queue.inspectMany(ids)
    const judged = told.then((infos) => looks.inspected(ids, infos, from, this.#witness.order))
    this.watch(`inspectMany(${ids})`, judged)
  }

  list(state: ListedState): void {
    const { order: from, looks } = this.#witness
    const told = this.#host.queue.list(state, { limit: PAGE })
    const judged = told.then((page) => looks.listed(state, page, from, this.#witness.order))
    this.watch(`list(${state})`, judged)
  }

  #meets(what: string, ids: readonly string[], told: Promise<readonly Met[]>): void {
    const { order: from, looks } = this.#witness
    this.watch(`${what}(${ids})`, told)
    // Why it may reject is told there.
    void told.then(
      (met) => looks.met(what, ids, met, from, this.#witness.order),
      () => undefined,
    )
  }
}
