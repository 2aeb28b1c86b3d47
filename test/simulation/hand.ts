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
  readonly #watch: (what: string, promise: Promise<unknown>) => void

  /** `bound` ms: how long each may take. */
  constructor(host: Host, bound: number, { witness, calls }: { witness: Witness; calls: Calls }) {
    this.#host = host
    this.#witness = witness
    this.#watch = (what, promise) => calls.watch(host, what, bound, promise)
  }

  withdraw(ids: readonly string[]): void {
    this.#watch(`withdraw(${ids})`, this.#host.queue.withdraw(ids))
  }

  clear(): void {
    this.#watch('clear', this.#host.queue.clear())
  }

  retry(ids: readonly string[]): void {
    this.#watch(`retry(${ids})`, this.#host.queue.retry(ids))
  }

  promote(ids: readonly string[]): void {
    this.#watch(`promote(${ids})`, this.#host.queue.promote(ids))
  }

  pause(): void {
    this.#watch('pause', this.#host.queue.pause())
  }

  resume(): void {
    this.#watch('resume', this.#host.queue.resume())
  }

  stats(): void {
    this.#watch('stats', this.#host.queue.stats())
  }

  result(id: string): void {
    const told = this.#host.queue.result(id)
    const judged = told.then((kept) => {
      if (kept.found) this.#witness.lives.recalled(id, kept.value)
    })
    this.#watch(`result(${id})`, judged)
  }

  inspect(ids: readonly string[]): void {
    const { order: from, looks } = this.#witness
    const told = this.#host.queue.inspectMany(ids)
    const judged = told.then((infos) => looks.inspected(ids, infos, from, this.#witness.order))
    this.#watch(`inspectMany(${ids})`, judged)
  }

  list(state: ListedState): void {
    const { order: from, looks } = this.#witness
    const told = this.#host.queue.list(state, { limit: PAGE })
    const judged = told.then((page) => looks.listed(state, page, from, this.#witness.order))
    this.#watch(`list(${state})`, judged)
  }
}
