import type { Settlement, StepReply } from '../src/step.js'
import type { Store } from '../src/store.js'
import type { Address } from './server.js'

const built = new URL('../dist/redis/store.js', import.meta.url)

/** How long a call may wait for the server, which is ours and never away. */
export const patience = { timeout: 60_000 }
export const policy = { processing: 'discard' } as const

/** The Store beneath a queue, for what the public face hides: single steps, without a worker's loop around them. */
export async function openStore({ url }: Address, name: string): Promise<Store> {
  const { redisStore } = (await import(built.href)) as typeof import('../src/redis/store.js')
  const store = redisStore({ url })({ name, prefix: 'convoy', tell: () => {} })
  await store.control({ order: 'open', digest: 'bench' }, patience)
  return store
}

/** A worker reduced to its steps: numbers them, and keeps the promise of at most two unanswered if the caller does. */
export class Stepper {
  readonly #store: Store
  readonly #name: string
  #number = 0

  constructor(store: Store, name: string) {
    this.#store = store
    this.#name = name
  }

  step(claim: number, settle: readonly Settlement[] = [], lease = 30_000): Promise<StepReply> {
    this.#number++
    const rest = { lease, keepFailed: 10_000, renew: [], started: [], slots: claim, leaving: false }
    return this.#store.step(
      { worker: this.#name, number: this.#number, lane: this.#number % 2 === 0 ? 0 : 1, claim, settle, ...rest },
      patience,
    )
  }
}

export const done = ({ token, ids }: Pick<StepReply, 'token' | 'ids'>): readonly Settlement[] =>
  ids.length > 0 ? [{ end: 'done', token, ids }] : []

/** Claim and settle until nothing is left: two lanes, each settling what it claimed last while the other is on its way. */
export async function settleAll(store: Store, name: string, size: number): Promise<void> {
  const stepper = new Stepper(store, name)
  const lane = async () => {
    let held = await stepper.step(size)
    while (held.ids.length > 0) held = await stepper.step(size, done(held))
  }
  await Promise.all([lane(), lane()])
}
