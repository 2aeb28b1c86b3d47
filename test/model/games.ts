import fc from 'fast-check'
import { kinds, move } from './kinds.js'
import { IDS, type Move } from './moves.js'

/** Jams in earnest come about by chance too seldom: claim, let the lease lapse, sweep, wait out the grace, sweep. */
const jamming = fc
  .tuple(kinds.step, kinds.sweep, kinds.sweep, fc.integer({ min: 0, max: 3_000_000 }))
  .map(([step, first, second, over]): Move[] => [
    { ...step, picks: [], claim: Math.max(2, step.claim), slots: 4, leaving: false },
    { ...first, wait: step.lease * 1_000 + over, patient: false },
    { ...second, limit: 1_000, lease: first.lease, guard: first.guard, patient: true },
  ])

/** In and out and in again, with a worker waiting in between. */
const comingBack = fc
  .tuple(kinds.publish, kinds.withdraw, kinds.take, kinds.publish)
  .map(([first, out, take, again]): Move[] => [first, { ...out, ids: first.ids }, take, { ...again, ids: first.ids }])

/** The same publish, of these IDs: of as many as there is something for. */
function onto<M extends Move & { kind: 'publish' }>(ids: readonly string[], publish: M): M {
  const { brought } = publish
  if (brought === undefined) return { ...publish, ids }
  const count = Math.min(ids.length, brought.length)
  return { ...publish, ids: ids.slice(0, count), brought: brought.slice(0, count) }
}

/** Done, and remembered: whatever comes then meets that. */
const finishing = fc
  .tuple(kinds.publish, kinds.step, kinds.step, kinds.publishMore, fc.oneof(kinds.withdraw, kinds.move))
  .map(([first, claim, done, more, last]): Move[] => [
    first,
    { ...claim, picks: [], claim: 6, policy: undefined, leaving: false },
    {
      ...{ ...done, worker: claim.worker, policy: { ...done.policy, remember: 5_000 } },
      picks: [0, 1, 2, 3].map((back) => ({ back, use: 'done' as const, delay: 0, ttl: 3_000, of: 'mine' as const })),
    },
    onto(first.ids, more),
    { ...last, ids: first.ids },
  ])

/** Published again while it runs; then its worker says what it likes, or nothing. */
const rerunning = fc
  .tuple(
    kinds.publish,
    kinds.step,
    kinds.publishMore,
    kinds.publishMore,
    fc.oneof(
      kinds.step.map((one) => [one]),
      jamming,
    ),
  )
  .map(([first, claim, more, most, last]): Move[] => [
    first,
    { ...claim, picks: [], claim: 6, leaving: false },
    { ...onto(first.ids, more), policy: { ...more.policy, processing: 'rerun' } },
    onto(first.ids, most),
    ...last,
  ])

/** ms. The server forgets a window by its own clock: none of the game's may end by that. */
const WINDOW = 20_000

/** Two claims under one limit: the second while the first still runs, or in the next window of time. */
const limiting = fc
  .tuple(
    kinds.publish,
    kinds.step,
    kinds.publish,
    kinds.step,
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    fc.nat(200_000),
  )
  .map(([first, claim, more, next, most, timed, over]): Move[] => {
    const policy = timed ? { rate: { max: most, per: WINDOW } } : { active: most }
    const limited = { picks: [], claim: 6, policy, leaving: false, skip: false }
    return [
      first,
      { ...claim, ...limited },
      { ...more, wait: 0 },
      { ...next, ...limited, wait: timed ? WINDOW * 1_000 + over : over },
    ]
  })

/** In strict order, a failed attempt holds up the line until it is due, or until it is withdrawn; then somebody claims. */
const holding = fc
  .tuple(
    kinds.publish,
    kinds.step,
    kinds.step,
    kinds.withdraw,
    kinds.step,
    fc.array(fc.nat(2_000), { minLength: 1, maxLength: 2 }),
    fc.boolean(),
    fc.nat(200_000),
  )
  .map(([first, claim, retry, withdraw, next, delays, out, over]): Move[] => {
    const ordered = { policy: { ordered: true }, leaving: false, skip: false }
    const fails = delays.map((delay, back): Move => {
      const picks = [{ back, use: 'retry' as const, delay, ttl: 0, of: 'mine' as const }]
      return { ...retry, ...ordered, worker: claim.worker, wait: 0, picks }
    })
    return [
      first,
      { ...claim, ...ordered, picks: [], claim: delays.length },
      ...fails,
      ...(out ? [{ ...withdraw, wait: 0 }] : []),
      { ...next, ...ordered, wait: out ? over : Math.max(...delays) * 1_000 + over, picks: [], claim: 6 },
    ]
  })

/** Put off again and again, up to a time that was set by the first publish. */
const debouncing = fc
  .tuple(kinds.publish, kinds.publish, kinds.publish, fc.constantFrom(500, 3_000), fc.integer({ min: 1, max: 1_200 }))
  .map(([first, again, last, maxWait, ms]): Move[] => {
    const policy = { processing: 'discard', timing: 'latest', maxWait } as const
    const put = { ids: first.ids, brought: first.ids.map(() => ({ delay: 2_500 })), policy }
    return [
      { ...first, ...put },
      { ...again, ...put, wait: ms * 1_000 },
      { ...last, ...put, wait: ms * 1_000 },
    ]
  })

/** A slot of a schedule, published by two processes. */
const scheduling = fc
  .tuple(kinds.control, kinds.publish, kinds.publish, fc.integer({ min: 1, max: 4 }))
  .map(([control, first, second, slot]): Move[] => {
    const ids = first.ids.slice(0, 1)
    const brought = [{ slot }]
    return [
      { ...control, order: { order: 'schedule', id: ids[0] as string, text: 'every day', slot: slot - 1 } },
      { ...first, ids, brought },
      { ...second, ids, brought },
    ]
  })

/** Most of a game is single moves. */
export function games(most: number): fc.Arbitrary<Move[]> {
  const phase = fc.oneof(
    { weight: 28, arbitrary: move.map((one) => [one]) },
    { weight: 2, arbitrary: jamming },
    { weight: 1, arbitrary: comingBack },
    { weight: 1, arbitrary: finishing },
    { weight: 1, arbitrary: scheduling },
    { weight: 1, arbitrary: limiting },
    { weight: 1, arbitrary: holding },
    { weight: 1, arbitrary: debouncing },
    { weight: 2, arbitrary: rerunning },
  )
  return fc.array(phase, { minLength: 1, maxLength: most, size: 'max' }).map((phases) => phases.flat())
}

/** Of what a plain lane's step takes the short way for: claims, and what is done of them, some of it begun meanwhile. */
const plainStep = fc
  .tuple(kinds.step, fc.array(fc.nat(12), { maxLength: 4 }), fc.boolean())
  .map(([step, backs, begun]): Move & { kind: 'step' } => ({
    ...{ ...step, policy: undefined, leaving: false, skip: false },
    picks: backs.map((back, i) => ({
      ...{ back, delay: 0, ttl: 0, of: 'mine' },
      use: begun && i === 0 ? 'start' : 'done',
    })),
  }))

/** Of what a worker has, one stands in line again. */
const doubling = fc
  .tuple(kinds.publish, plainStep, kinds.stray, plainStep)
  .map(([publish, claim, stray, next]): Move[] => [
    { ...publish, ids: [stray.id] },
    { ...claim, claim: 6 },
    stray,
    next,
  ])

/** A waiting worker took the token, and another leaves some in line. */
const waking = fc
  .tuple(kinds.publish, kinds.take, plainStep, fc.integer({ min: 1, max: 2 }))
  .map(([publish, take, step, claim]): Move[] => [publish, take, { ...step, claim }])

/** So many at once that they are kept otherwise. */
const crowding = fc
  .tuple(kinds.publish, kinds.stray, plainStep, plainStep)
  .map(([publish, stray, claim, next]): Move[] => [{ ...publish, ids: IDS }, stray, { ...claim, claim: 12 }, next])

/** On a plain lane and nothing else, also one into whose line somebody puts what is not to be claimed. */
export function plainGames(most: number): fc.Arbitrary<Move[]> {
  const single = fc.oneof(
    { weight: 6, arbitrary: plainStep },
    { weight: 4, arbitrary: kinds.publish },
    { weight: 1, arbitrary: fc.oneof(kinds.stray, kinds.take, kinds.again) },
  )
  const phase = fc.oneof({ weight: 8, arbitrary: single.map((one) => [one]) }, doubling, waking, crowding)
  return fc.array(phase, { minLength: 1, maxLength: most, size: 'max' }).map((phases) => phases.flat())
}
