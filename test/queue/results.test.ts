import { expect, test } from 'vitest'
import type { ConvoyError, Job, QueueOptions, Serializer } from '../../src/index.js'
import { onBothStores, onRedis, type World } from './kit.js'

const DAY = 86_400_000

/** Runs each ID once, by what `results` says of it. */
async function run(world: World, options: QueueOptions, results: Record<string, (job: Job) => unknown>) {
  const queue = world.queue(options)
  const errors: ConvoyError[] = []
  queue.on('error', (error) => errors.push(error))
  queue.process((job) => results[job.id]?.(job), { concurrency: 10 })
  const ids = Object.keys(results)
  await queue.publishMany(ids)
  await world.spy.until(() => world.spy.settled.length >= ids.length)
  return { queue, errors }
}

/** What is kept of each ID, as text. */
const kept = async (world: World, ids: readonly string[]): Promise<(string | null)[]> =>
  (await world.store().recall(ids, { timeout: 10_000 })).map(({ result }) => result)

onBothStores((kit) => {
  test('what a handler returns is kept, and what says nothing is told apart', async () => {
    const world = await kit.world()
    const values = { object: { sum: 3 }, undefined: undefined, null: null, zero: 0, empty: '', no: false, list: [1] }
    const handlers = Object.fromEntries(Object.entries(values).map(([id, value]) => [id, () => value]))
    const { queue } = await run(world, { keepResult: 'PT1H' }, handlers)
    expect(await kept(world, Object.keys(values))).toEqual(['s{"sum":3}', 'u', 'snull', 's0', 's""', 'sfalse', 's[1]'])
    for (const [id, value] of Object.entries(values)) {
      expect([id, await queue.result(id)]).toStrictEqual([id, { found: true, value }])
    }
  })

  test('it is gone when its time is over, each ID by itself', async () => {
    const world = await kit.world()
    await run(world, { keepResult: 1_000 }, { a: () => 1, b: async () => 2 })
    await world.serverPasses(999)
    expect(await kept(world, ['a', 'b'])).toEqual(['s1', 's2'])
    await world.serverPasses(1)
    expect(await kept(world, ['a', 'b'])).toEqual([null, null])
  })

  test('nothing is kept, nor encoded, unless it is asked for', async () => {
    const world = await kit.world()
    let encoded = 0
    const resultSerializer: Serializer<unknown> = {
      encode: () => {
        encoded++
        return ''
      },
      decode: () => undefined,
    }
    await run(world, { resultSerializer }, { a: () => ({ large: true }), b: (job) => job.keep(0), c: () => 1 })
    expect([encoded, await kept(world, ['a', 'b', 'c'])]).toEqual([0, [null, null, null]])
    const settled = world.spy.of('step').flatMap(({ request }) => request.settle)
    expect(settled.every((group) => group.end === 'done' && !('results' in group))).toBe(true)
    expect(world.spy.of('step').every(({ request }) => !('policy' in request))).toBe(true)
  })

  test('a handler says for its own run how long: longer, shorter, or not at all', async () => {
    const world = await kit.world()
    await run(
      world,
      { keepResult: 'PT1M' },
      {
        as: () => 1,
        longer: (job) => {
          job.keep({ days: 1 })
          return 2
        },
        shorter: (job) => {
          job.keep(1)
          return 3
        },
        not: (job) => {
          job.keep(0)
          return 4
        },
      },
    )
    const ids = ['as', 'longer', 'shorter', 'not']
    expect(await kept(world, ids)).toEqual(['s1', 's2', 's3', null])
    await world.serverPasses(1)
    expect(await kept(world, ids)).toEqual(['s1', 's2', null, null])
    await world.serverPasses(60_000)
    expect(await kept(world, ids)).toEqual([null, 's2', null, null])
    await world.serverPasses(DAY)
    expect(await kept(world, ids)).toEqual([null, null, null, null])
  })

  test('a worker may keep what its queue does not', async () => {
    const world = await kit.world()
    const queue = world.queue()
    queue.process(() => 'mine', { keepResult: 1_000 })
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(await kept(world, ['a'])).toEqual(['s"mine"'])
  })

  test('the newest run counts, and a failure leaves what was kept', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: DAY })
    const ends = [() => 1, () => 2, () => Promise.reject(new Error('no'))]
    queue.process(() => ends.shift()?.())
    for (let n = 1; n <= 3; n++) {
      await queue.publish('a')
      await world.spy.until(() => world.spy.settled.length >= n)
    }
    expect(world.spy.settled).toEqual(['a done 1', 'a done 1', 'a fail 1'])
    expect(await kept(world, ['a'])).toEqual(['s2'])
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  test.each([
    ['a cycle', cyclic, /the result of 'a' is not kept: .*circular/s],
    ['a function', () => 1, /not to undefined/],
    ['more than 1 MiB', 'x'.repeat(1_048_576), /at most 1048576 bytes/],
  ])('a job that returns %s is done all the same, and it is told', async (_, value, says) => {
    const world = await kit.world()
    const { queue, errors } = await run(world, { keepResult: DAY }, { a: () => value, b: () => 'fine' })
    expect(errors).toMatchObject([{ code: 'BAD_RESULT', message: expect.stringMatching(says) }])
    expect(await kept(world, ['a', 'b'])).toEqual([null, 's"fine"'])
    expect((await queue.stats()).totals).toMatchObject({ done: 2, failed: 0 })
  })

  test.each(['1h', Number.MAX_VALUE])(
    'a duration that is none, such as %s, fails the run that gave it',
    async (given) => {
      const world = await kit.world()
      await run(world, {}, { a: (job) => job.keep(given as never) })
      expect(world.spy.settled).toEqual(['a fail 1'])
    },
  )

  test('a step brings at most 1 MiB of results, or a single one', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: DAY })
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 5 })
    await queue.publishMany(['a', 'b', 'c', 'd', 'e'])
    await stage.begins(5)
    for (const id of ['a', 'b', 'c', 'd', 'e']) stage.end(id, () => 'ü'.repeat(id === 'c' ? 520_000 : 150_000))
    await world.spy.until(() => world.spy.settled.length >= 5)
    const sizes = world.spy
      .of('step')
      .map(({ request }) =>
        request.settle.flatMap((group) =>
          group.end === 'done' ? (group.results ?? []).map(({ text }) => text.length) : [],
        ),
      )
    expect(sizes.filter(({ length }) => length > 0)).toEqual([[150_003, 150_003], [520_003], [150_003, 150_003]])
    expect((await kept(world, ['a', 'b', 'c', 'd', 'e'])).every((text) => text !== null)).toBe(true)
  })
})

onRedis('on Redis, in its own keys', (kit) => {
  test('a queue that asks for nothing leaves the keys it always left', async () => {
    const world = await kit.world()
    const queue = world.queue()
    queue.process(async (job) => {
      if (job.id === 'bad') throw new Error('no')
      return { not: 'kept' }
    })
    await queue.publishMany(['a', 'b', 'bad'])
    await world.spy.until(() => world.spy.settled.length >= 3)
    for (const part of ['payload', 'results', 'kept', 'progress', 'remembered', 'since', 'priority', 'rate'] as const) {
      expect([part, await kit.read(world, 'EXISTS', part)]).toEqual([part, 0])
    }
  })
})
