import fc from 'fast-check'
import type { DedupePolicy, StepPolicy } from '../../src/policy.js'

// What a call of a random game brings besides its IDs: values few, so that they meet, and times about a lease.

/** What an ID brings; points in time count from the moment of the call. */
export interface Brought {
  readonly delay?: number
  readonly runIn?: number
  readonly priority?: number
  readonly payload?: string
  readonly slot?: number
}

export interface Line {
  readonly lines: readonly string[]
  readonly most: number
  readonly ttl: number
}

/** Some of the fields, the others absent. */
const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<Exclude<T[K], undefined>> }): fc.Arbitrary<T> =>
  fc.record(fields, { requiredKeys: [] }) as unknown as fc.Arbitrary<T>

const payload = fc.constantFrom('p1', 'p2', '', 'p|3\0é')

const brought: fc.Arbitrary<Brought> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ payload }) },
  { weight: 1, arbitrary: fc.record({ delay: fc.constantFrom(300, 1_000, 2_500) }) },
  {
    weight: 4,
    arbitrary: some<Omit<Brought, 'slot'>>({
      delay: fc.constantFrom(0, 1, 300, 1_000, 2_500),
      runIn: fc.constantFrom(-500, 0, 700, 3_000),
      priority: fc.constantFrom(-1_000, -1, -1, 0, 1, 1, 2, 1_000),
      payload,
    }),
  },
  { weight: 1, arbitrary: some<Brought>({ slot: fc.integer({ min: 1, max: 4 }), payload }) },
)

/** One for each ID of a batch, or none at all. */
export const broughtBy = (ids: number): fc.Arbitrary<readonly Brought[] | undefined> =>
  fc
    .array(brought, { minLength: ids, maxLength: ids })
    .map((all) => (all.every((one) => Object.keys(one).length === 0) ? undefined : all))

/** No knob stands at its default: then it is absent. */
export const dedupe: fc.Arbitrary<DedupePolicy> = fc
  .tuple(
    fc.constantFrom<DedupePolicy['processing']>('discard', 'rerun', 'supersede'),
    some<Omit<DedupePolicy, 'processing'>>({
      waiting: fc.constant('replace'),
      timing: fc.constantFrom('earliest', 'latest', 'latest'),
      maxWait: fc.constantFrom(500, 3_000),
      failed: fc.constant('hold'),
      stamp: fc.constant(true),
      bind: fc.constant(true),
      maxLength: fc.constantFrom(1, 4, 9, 9),
    }),
  )
  .map(([processing, knobs]) => ({ processing, ...knobs }))

/** The server forgets a window by its own clock: none is so short that a slow game outlives it. */
export const stepPolicy: fc.Arbitrary<StepPolicy> = some<StepPolicy>({
  remember: fc.constantFrom(500, 5_000, 14_400_000),
  rememberFrom: fc.constant('publish'),
  active: fc.constantFrom(1, 2, 4, 4),
  rate: fc.record({ max: fc.constantFrom(1, 3, 6), per: fc.constantFrom(20_000, 3_000_000) }),
  ordered: fc.constant(true),
})

/** ms until a failed attempt comes back. */
export const backoff: fc.Arbitrary<number> = fc.constantFrom(0, 1, 300, 1_000, 5_000)

/** ms for which something is kept; 0 not at all. */
export const ttl: fc.Arbitrary<number> = fc.constantFrom(0, 400, 3_000, 14_400_000)

export const log: fc.Arbitrary<Line> = fc.record({
  lines: fc.array(fc.constantFrom('one', 'two\nthree', '', 'é🚚é', 'a longer line than others'), {
    minLength: 1,
    maxLength: 3,
  }),
  most: fc.constantFrom(1, 6, 20, 1_000),
  ttl: fc.constantFrom(400, 14_400_000),
})
