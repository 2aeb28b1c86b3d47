import { expect, test } from 'vitest'
import type { StepRequest } from '../../src/step.js'
import type { Store } from '../../src/store.js'
import { rawClient } from '../support/raw-command.js'
import { onRedis, type World } from './kit.js'

const [FEW, MANY] = [1_000, 100_000]
const BATCH = 1_000
const ROUNDS = 20
/** Of each verb in each round; what they take is put back. */
const CALLS = 5
const PATIENCE = { timeout: 10_000 }
const LEASE = 100

const VERBS = ['publish', 'duplicate', 'raise', 'raise from the line', 'claim', 'settle', 'sweep', 'withdraw'] as const
type Verb = (typeof VERBS)[number]

type Hand = ReturnType<typeof rawClient>

/** A queue in which so many wait by priority, and as many in line. */
class Sized {
  readonly #world: World
  readonly #hand: Hand
  readonly #store: Store
  readonly #size: number
  readonly took: Readonly<Record<Verb, number[]>>
  #step = 0
  #next = 0
  /** Neither claimed nor withdrawn nor raised yet, and far from the head. */
  #fresh = 0

  constructor(world: World, hand: Hand, size: number) {
    this.#world = world
    this.#hand = hand
    this.#size = size
    this.#store = world.open({ name: `of${size}`, prefix: world.prefix, tell: () => {} })
    this.took = Object.fromEntries(VERBS.map((verb) => [verb, []])) as never
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async fill(): Promise<void> {
    while (this.#next < this.#size) await this.#add(Math.min(BATCH, this.#size - this.#next))
  }

  /** All verbs, each ID by ID, and a halt after each; at the end the queue is as large as before. */
  async *round(): AsyncGenerator<void> {
    const from = this.#fresh
    this.#fresh += 3 * CALLS
    const some = Array.from({ length: CALLS }, (_, n) => from + n)
    const others = some.map((n) => n + CALLS)
    const rest = others.map((n) => n + CALLS)
    yield this.#watch('publish', some, (n) => this.#publish([`new${n}`], 5))
    yield this.#watch('duplicate', some, (n) => this.#publish([`p${n}`], 1))
    yield this.#watch('raise', some, (n) => this.#publish([`p${n}`], 90))
    yield this.#watch('raise from the line', others, (n) => this.#publish([`l${n}`], 91))
    const held: { token: string; ids: readonly string[] }[] = []
    yield this.#watch('claim', others, async () => held.push(await this.#take({ claim: 1, slots: 1 })))
    expect(held.flatMap(({ ids }) => ids)).toEqual(others.map((n) => `l${n}`))
    yield this.#watch('settle', held, (one) => this.#take({ settle: [{ end: 'done', ...one }] }))
    await this.#take({ claim: CALLS, slots: CALLS, lease: LEASE })
    await this.#world.serverPasses(2 * LEASE)
    yield this.#watch('sweep', some, async () => expect(await this.sweep()).toMatchObject([{ now: 'queued' }]))
    yield this.#watch('withdraw', rest, (n) => this.#store.withdraw({ ids: [`p${n}`, `l${n}`] }, PATIENCE))
    const ids = [...some, ...others].flatMap((n) => [`p${n}`, `l${n}`, `new${n}`])
    await this.#store.withdraw({ ids }, PATIENCE)
    await this.#add(3 * CALLS)
    const { queued } = await this.#store.counts(PATIENCE)
    expect(queued).toBe(2 * this.#size)
  }

  async #add(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => this.#next++)
    await this.#publish(
      numbers.map((n) => `p${n}`),
      2,
    )
    await this.#publish(numbers.map((n) => `l${n}`))
  }

  #publish(ids: readonly string[], priority?: number): Promise<unknown> {
    const traits = priority === undefined ? {} : { traits: ids.map(() => ({ priority })) }
    return this.#store.publish({ ids, policy: { processing: 'discard' }, ...traits }, PATIENCE)
  }

  #take(request: Partial<StepRequest>): Promise<{ token: string; ids: readonly string[] }> {
    const number = ++this.#step
    const nothing = { settle: [], renew: [], started: [], claim: 0, slots: 0, leaving: false, keepFailed: 10 }
    return this.#store.step({ worker: 'w', number, lane: 0, lease: 60_000, ...nothing, ...request }, PATIENCE)
  }

  async sweep(): Promise<readonly unknown[]> {
    const request = { limit: 1, maxJams: 3, keepFailed: 10, lease: 60_000, jitter: 0, error: '{}', guard: null }
    return (await this.#store.sweep(request, PATIENCE)).jammed
  }

  /** µs of Redis, call by call: a mean would tell of the one that the machine interrupted. */
  async #watch<T>(verb: Verb, each: readonly T[], call: (one: T) => Promise<unknown>): Promise<void> {
    for (const one of each) {
      const before = await this.#spent()
      await call(one)
      this.took[verb].push((await this.#spent()) - before)
    }
  }

  async #spent(): Promise<number> {
    const stats = String(await this.#hand.sendCommand(['INFO', 'commandstats']))
    return Number(/^cmdstat_evalsha:calls=\d+,usec=(\d+)/m.exec(stats)?.[1] ?? 0)
  }
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number
}

onRedis('on Redis', (kit) => {
  const title = 'where a hundred thousand wait by priority, no verb costs twice what it costs where a thousand do'
  test(title, { timeout: 120_000 }, async () => {
    const world = await kit.world()
    const hand = rawClient(kit.server())
    await hand.connect()
    const sizes = [FEW, MANY].map((size) => new Sized(world, hand, size)) as [Sized, Sized]
    for (const one of sizes) await one.fill()
    // A guard that never swept gives the living half a lease.
    for (const _ of [1, 2, 3]) {
      for (const one of sizes) await one.sweep()
      await world.serverPasses(15_000)
    }
    for (let round = 0; round <= ROUNDS; round++) {
      // In turns: a slow moment of the machine is one for both.
      const rounds = sizes.map((one) => one.round())
      for (let halts = 0; halts <= VERBS.length; halts++) for (const one of rounds) await one.next()
      // The first opens the queue, and loads the scripts.
      if (round === 0) for (const { took } of sizes) for (const times of Object.values(took)) times.length = 0
    }
    const ratios = VERBS.map((verb) => {
      const [few, many] = sizes.map(({ took }) => middle(took[verb])) as [number, number]
      expect(sizes.map(({ took }) => took[verb].length)).toEqual([ROUNDS * CALLS, ROUNDS * CALLS])
      return { verb, few, many, ratio: many / few }
    })
    expect(ratios.filter(({ ratio }) => ratio > 2)).toEqual([])
    for (const one of sizes) await one.close()
    hand.destroy()
  })
})
