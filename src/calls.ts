import { randomBytes } from 'node:crypto'
import { chunksOf } from './batch.js'
import { ConvoyError } from './errors.js'
import { checkId } from './job.js'
import type { Opening } from './opening.js'
import type { Patience, Role, Store } from './store.js'
import { type Clock, show } from './time.js'

/** The verbs of a store as a queue calls them: once the server has been checked, with the patience of a publish. */
export class Calls {
  readonly #store: Store
  readonly #opening: Opening
  readonly #clock: Clock
  readonly #timeout: number

  constructor(store: Store, opening: Opening, clock: Clock, timeout: number) {
    this.#store = store
    this.#opening = opening
    this.#clock = clock
    this.#timeout = timeout
  }

  async call<T>(role: Role, verb: (store: Store, patience: Patience) => Promise<T>): Promise<T> {
    const until = this.#clock.now() + this.#timeout
    await this.#opening.open(role, { timeout: this.#timeout })
    return verb(this.#store, { timeout: Math.max(0, until - this.#clock.now()) })
  }

  async inChunks<T>(
    role: Role,
    ids: readonly string[],
    verb: (store: Store, ids: readonly string[], patience: Patience) => Promise<readonly T[]>,
  ): Promise<T[]> {
    const all: T[] = []
    for (const some of chunksOf(ids)) {
      for (const one of await this.call(role, (store, patience) => verb(store, some, patience))) all.push(one)
    }
    return all
  }
}

/** One ID, or any number of them. */
export function checkIds(ids: unknown): string[] {
  if (typeof ids === 'string' || typeof ids === 'number') return [checkId(ids)]
  if (typeof ids === 'object' && ids !== null && Symbol.iterator in ids)
    return Array.from(ids as Iterable<unknown>, checkId)
  throw new ConvoyError('BAD_ID', `expected an iterable of IDs, not ${show(ids)}`)
}

/** Of a worker or a guard, 32 of a-f 0-9: 128 random bits. */
export function randomName(): string {
  return randomBytes(16).toString('hex')
}
