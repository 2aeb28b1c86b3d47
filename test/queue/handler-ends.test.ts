import { expect, onTestFinished, test, vi } from 'vitest'
import type { Job } from '../../src/index.js'
import { THROWN, thenable, throws, WAYS } from '../support/odd-ends.js'
import { onBothStores } from './kit.js'

/** What a handler may return: all of it means done. */
const RETURNED: readonly [what: string, handler: (job: Job) => unknown][] = [
  ['nothing', () => {}],
  ['undefined, later', async () => undefined],
  ['null', () => null],
  ['null, later', async () => null],
  ['false', () => false],
  ['0', () => 0],
  ['an Error it does not throw', () => new Error('not thrown')],
  ['an object', () => ({ sum: 1 })],
  ['an object that is no thenable', () => thenable('later')],
  ['a function', () => () => {}],
  ['a thenable', () => thenable((yes: (value: unknown) => void) => yes('fine'))],
  [
    'a thenable that answers twice, then throws',
    () =>
      thenable((yes: (value: unknown) => void, no: (error: unknown) => void) => {
        yes('fine')
        no(new Error('late'))
        throw new Error('later')
      }),
  ],
  ['a promise of a promise', () => Promise.resolve(Promise.resolve(1))],
  [
    'a hostile object',
    () => ({
      get other() {
        throw new Error('not looked at')
      },
    }),
  ],
]

onBothStores((kit) => {
  test.each(WAYS)('whatever is %s fails the job, and the next one runs', async (_, failing) => {
    const world = await kit.world()
    const queue = world.queue()
    const told = new Map<string, unknown>()
    queue.on('failed', (id, error) => told.set(id, error))
    await queue.publishMany(THROWN.map(([what]) => what))
    const thrownBy = new Map(THROWN.map(([what, thrown]) => [what, thrown]))
    queue.process((job) => failing(thrownBy.get(job.id))(job), { concurrency: 3 })
    await world.spy.until(() => world.spy.settled.length >= THROWN.length)
    expect(world.spy.settled.toSorted()).toEqual(THROWN.map(([what]) => `${what} fail 1`).toSorted())
    const infos = await queue.inspectMany(THROWN.map(([what]) => what))
    expect(
      infos.map(({ id, state, failures, error }) => [id, state, failures, error?.message, error?.attempt]),
    ).toEqual(THROWN.map(([what, , message]) => [what, 'failed', 1, message, 1]))
    // By identity: some of them cannot bear to be compared.
    expect(
      THROWN.filter(([what, thrown]) => !told.has(what) || !Object.is(told.get(what), thrown)).map(([what]) => what),
    ).toEqual([])
    expect(await queue.stats()).toMatchObject({
      committed: 0,
      failed: THROWN.length,
      totals: { failed: THROWN.length, done: 0 },
    })
  })

  test.each(RETURNED)('a handler that returns %s has done its job', async (_, handler) => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b'])
    queue.process(handler)
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(world.spy.settled).toEqual(['a done 1', 'b done 1'])
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0, totals: { done: 2, failed: 0 } })
  })

  test('a handler is called with the job alone', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    const seen: unknown[] = []
    const worker = queue.process((...all) => void seen.push(...all))
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ id: 'a', attempt: 1, jams: 0 })
    expect(worker.running).toBe(0)
  })

  test.each([1, 3, 50])('never more than %d run at once, however they end', async (concurrency) => {
    const world = await kit.world()
    const queue = world.queue()
    const ends = [
      ...THROWN.flatMap(([, thrown]) => WAYS.map(([, way]) => way(thrown))),
      ...RETURNED.map(([, handler]) => handler),
    ]
    let [active, most] = [0, 0]
    const worker = queue.process(
      async (job) => {
        most = Math.max(most, ++active, worker.running)
        try {
          // A few turns, so that many are at work together.
          for (let turn = 0; turn < Number(job.id) % 4; turn++) await new Promise((next) => setImmediate(next))
          return await ends[Number(job.id)]?.(job)
        } finally {
          active--
        }
      },
      { concurrency, prefetch: concurrency },
    )
    await queue.publishMany(ends.keys())
    await world.spy.until(() => world.spy.settled.length >= ends.length)
    expect(most).toBe(concurrency)
    expect([active, worker.running]).toEqual([0, 0])
    const failed = THROWN.length * WAYS.length
    expect((await queue.stats()).totals).toMatchObject({ failed, done: RETURNED.length, lost: 0, jammed: 0 })
  })

  test('never more than three run at once when they end before they have begun to wait', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const ends = [
      ...THROWN.flatMap(([, thrown]) => WAYS.map(([, way]) => way(thrown))),
      ...RETURNED.map(([, handler]) => handler),
    ]
    let most = 0
    const worker = queue.process(
      (job) => {
        most = Math.max(most, worker.running)
        return ends[Number(job.id)]?.(job)
      },
      { concurrency: 3 },
    )
    await queue.publishMany(ends.keys())
    await world.spy.until(() => world.spy.settled.length >= ends.length)
    expect(most).toBeLessThanOrEqual(3)
    expect(worker.running).toBe(0)
    for (const { request } of world.spy.of('step')) expect(request.claim).toBeLessThanOrEqual(3)
  })

  test('a listener of failed that throws stops nothing', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    queue.on('failed', throws(new Error('a bad listener')))
    await queue.publishMany(['a', 'b'])
    queue.process(throws(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect((await queue.stats()).failed).toBe(2)
    expect(log.mock.calls.map(([text]) => text)).toEqual(Array(2).fill("convoy-queue: a listener of 'failed' threw"))
  })
})
