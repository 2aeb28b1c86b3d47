import fc from 'fast-check'
import { NAMING, ODDS } from '../../src/audit-verbs.js'
import type { DedupePolicy } from '../../src/policy.js'
import { type Control, LISTED } from '../../src/store.js'
import { backoff, broughtBy, dedupe, log, stepPolicy, ttl } from './knobs.js'
import { IDS, type Move, type Pick, WORKERS } from './moves.js'

/** One lease for most calls, so that time jumps of its size mean something. */
const LEASE = 1_000

/** µs to the next move: none, a moment, about a lease, hours; now and then the server's clock is set back. */
const wait = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 * LEASE * 1_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 * 3_600_000_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -2_000_000, max: 0 }) },
)

const id = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...IDS.slice(0, 6)) }, fc.constantFrom(...IDS))
const ids = fc.oneof(
  fc.array(id, { minLength: 1, maxLength: 2 }),
  fc.array(id, { minLength: 1, maxLength: 8, size: 'max' }),
)
const worker = fc.nat(WORKERS - 1)
const lease = fc.oneof({ weight: 4, arbitrary: fc.constant(LEASE) }, fc.integer({ min: 100, max: 5_000 }))
const keepFailed = fc.oneof({ weight: 3, arbitrary: fc.constant(10_000) }, fc.nat(3))
const seldom = fc.nat(15).map((n) => n === 15)
const orNot = <T>(arbitrary: fc.Arbitrary<T>, freq: number): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq })

const pick: fc.Arbitrary<Pick> = fc.record({
  back: fc.nat(12),
  use: fc.constantFrom<Pick['use']>(
    'done',
    'done',
    'fail',
    'fail',
    'release',
    'retry',
    'retry',
    'renew',
    'renew',
    'start',
  ),
  delay: backoff,
  ttl,
  of: fc.constantFrom<Pick['of']>('mine', 'mine', 'mine', 'mine', 'mine', 'ever', 'forged'),
})

/** Places near the head, which is at `taken`; the player knows where that is. */
const place = fc.integer({ min: -3, max: 20 })

const just = (which: 'clear' | 'wake' | 'pause' | 'resume' | 'schedules'): fc.Arbitrary<Control> =>
  fc.constant({ order: which })
const order: fc.Arbitrary<Control> = fc.oneof(
  just('clear'),
  just('wake'),
  just('pause'),
  // A queue that stands still meets nothing.
  { weight: 3, arbitrary: just('resume') },
  fc.record({ order: fc.constant('journal' as const), keep: fc.constantFrom(0, 2, 30) }),
  fc.record({ order: fc.constant('messages' as const), from: fc.nat(30), limit: fc.integer({ min: 1, max: 10 }) }),
  {
    weight: 3,
    arbitrary: fc.record({
      order: fc.constant('schedule' as const),
      id,
      text: fc.constantFrom('every day', 'every 5 m', null),
      slot: fc.nat(3),
    }),
  },
  just('schedules'),
)

export const kinds = {
  publish: fc.record({
    wait,
    kind: fc.constant('publish' as const),
    ids,
    policy: fc.constant<DedupePolicy>({ processing: 'discard' }),
  }),
  /** With all that a publish can bring and ask for. */
  publishMore: fc.tuple(wait, ids, orNot(dedupe, 5)).chain(([pause, names, policy = { processing: 'discard' }]) =>
    fc.record({
      wait: fc.constant(pause),
      kind: fc.constant('publish' as const),
      ids: fc.constant(names),
      policy: fc.constant<DedupePolicy>(policy),
      brought: broughtBy(names.length),
    }),
  ),
  step: fc.record({
    wait,
    kind: fc.constant('step' as const),
    worker,
    lane: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    picks: fc.array(pick, { maxLength: 6, size: 'max' }),
    claim: fc.nat(6),
    slots: fc.nat(6),
    lease,
    keepFailed,
    policy: orNot(stepPolicy, 1),
    leaving: seldom,
    skip: seldom,
  }),
  again: fc.record({ wait, kind: fc.constant('again' as const), worker, back: fc.nat(2) }),
  sweep: fc.record({
    wait,
    kind: fc.constant('sweep' as const),
    limit: fc.oneof({ weight: 3, arbitrary: fc.constant(1_000) }, fc.integer({ min: 1, max: 3 })),
    maxJams: fc.constantFrom(0, 1, 2, 3, 3, 3),
    keepFailed,
    lease,
    jitter: fc.constantFrom(0, 0.25, 0.123456789, 1e-7, 0.999),
    ordered: fc.constantFrom(undefined, undefined, true as const),
    guard: fc.nat(3),
    patient: fc.boolean(),
  }),
  withdraw: fc.record({
    wait,
    kind: fc.constant('withdraw' as const),
    ids,
    from: fc.constantFrom(undefined, undefined, undefined, undefined, ...LISTED),
  }),
  move: fc.record({
    wait,
    kind: fc.constant('move' as const),
    ids,
    from: fc.constantFrom<'failed' | 'delayed'>('failed', 'delayed'),
  }),
  report: fc.record({
    wait,
    kind: fc.constant('report' as const),
    pick,
    progress: fc.constantFrom(undefined, '0.5', '{"at":"é"}'),
    log: orNot(log, 3),
  }),
  recall: fc.record({ wait, kind: fc.constant('recall' as const) }),
  inspect: fc.record({ wait, kind: fc.constant('inspect' as const) }),
  list: fc.record({
    wait,
    kind: fc.constant('list' as const),
    state: fc.constantFrom<'queued' | 'delayed' | 'processing' | 'failed'>('queued', 'delayed', 'processing', 'failed'),
    cursor: fc.nat(6),
    limit: fc.integer({ min: 1, max: 6 }),
  }),
  counts: fc.record({ wait, kind: fc.constant('counts' as const) }),
  open: fc.record({
    wait,
    kind: fc.constant('open' as const),
    digest: fc.constantFrom('one', 'other'),
    role: fc.constantFrom('publisher', 'worker', 'dashboard', undefined),
  }),
  control: fc.record({ wait, kind: fc.constant('control' as const), order }),
  audit: fc.record({
    wait,
    kind: fc.constant('audit' as const),
    request: fc.oneof(
      fc.record({
        part: fc.constantFrom(...NAMING, ...ODDS),
        cursor: fc.constant(''),
        from: place,
        returned: fc.integer({ min: -1, max: 4 }),
        limit: fc.constant(1_000),
      }),
      fc.record({
        part: fc.constantFrom(null, 'marks' as const),
        cursor: fc.constantFrom('', '1', '2'),
        from: place,
        returned: fc.integer({ min: -1, max: 4 }),
        limit: fc.integer({ min: 1, max: 6 }),
      }),
    ),
  }),
  /** What a repair may ask for at any time: where all is well, it changes nothing. */
  mend: fc.record({
    wait,
    kind: fc.constant('mend' as const),
    mends: fc.uniqueArray(
      fc.oneof(
        fc.record({ how: fc.constantFrom('sort' as const, 'forget' as const, 'unkeep' as const), id }),
        fc.record({ how: fc.constantFrom('commit' as const, 'rank' as const), id, place }),
        fc.record({ how: fc.constant('blank' as const), id, place, twin: fc.option(place) }),
      ),
      { selector: ({ id: name }) => name, minLength: 1, maxLength: 8 },
    ),
    balance: fc.boolean(),
  }),
  take: fc.record({ wait, kind: fc.constant('take' as const) }),
  stray: fc.record({ wait, kind: fc.constant('stray' as const), id }),
  listening: fc.record({ wait, kind: fc.constant('listening' as const), on: fc.boolean() }),
}

const WEIGHTS: Readonly<Record<keyof typeof kinds, number>> = {
  publish: 10,
  publishMore: 14,
  step: 20,
  again: 4,
  sweep: 12,
  withdraw: 5,
  move: 3,
  report: 4,
  recall: 2,
  inspect: 2,
  list: 2,
  counts: 2,
  open: 1,
  control: 10,
  audit: 4,
  mend: 3,
  take: 4,
  listening: 2,
  // Where the laws are to hold, nobody's hand is in it.
  stray: 0,
}

/** Any one of them. */
export const move: fc.Arbitrary<Move> = fc.oneof(
  ...Object.entries(kinds).map(([kind, arbitrary]) => ({ weight: WEIGHTS[kind as keyof typeof kinds], arbitrary })),
)
