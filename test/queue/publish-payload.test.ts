import { expect, expectTypeOf, test } from 'vitest'
import type { Job, JobInfo, Queue, Serializer, Verdict } from '../../src/index.js'
import { onBothStores } from './kit.js'

/** Anything at all as two bytes each: a payload that is no text. */
const binary: Serializer<number[]> = {
  encode: (numbers) => Uint8Array.from(numbers.flatMap((n) => [n >> 8, n & 255])),
  decode: (bytes) =>
    Array.from({ length: bytes.length / 2 }, (_, i) => Number(bytes[2 * i]) * 256 + Number(bytes[2 * i + 1])),
}

onBothStores((kit) => {
  test('a handler gets the payload that was published, whatever JSON can hold', async () => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    const payloads = [null, 0, '', false, 'text', { a: [1, { b: 'ü😀\u0000' }] }, [], -1.5e300, 'x'.repeat(100_000)]
    for (const [i, payload] of payloads.entries()) await queue.publish(i, { payload })
    const seen: unknown[] = []
    queue.process((job) => void seen.push(job.payload))
    await queue.idle()
    expect(seen).toEqual(payloads)
  })

  test('one without a payload has none, beside those that have one', async () => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    await queue.publishMany(['a', { id: 'b', payload: 1 }, { id: 'c' }, 4])
    const seen: unknown[] = []
    queue.process((job) => void seen.push([job.id, job.payload]))
    await queue.idle()
    expect(seen).toEqual([
      ['a', undefined],
      ['b', 1],
      ['c', undefined],
      ['4', undefined],
    ])
  })

  test('a serializer of bytes gets its bytes back', async () => {
    const world = await kit.world()
    const queue = world.queueFor<number[]>({ serializer: binary })
    const numbers = Array.from({ length: 65_536 }, (_, i) => i)
    await queue.publish('a', { payload: numbers })
    expect((await queue.inspect('a')).payload).toEqual(numbers)
    const seen: number[][] = []
    queue.process((job) => void seen.push(job.payload))
    await queue.idle()
    expect(seen).toEqual([numbers])
  })

  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  test.each<[string, unknown, RegExp]>([
    ['over a mebibyte', 'x'.repeat(1_048_575), /at most 1048576 bytes, not 1048577/],
    ['over a mebibyte in bytes, not in characters', 'ü'.repeat(524_288), /not 1048578/],
    ['undefined', undefined, /undefined/],
    ['cyclic', cyclic, /circular/i],
    ['a function', () => {}, /undefined/],
    ['a bigint', 1n, /BigInt/],
    [
      'one that throws when it is looked at',
      {
        toJSON: () => {
          throw new Error('not me')
        },
      },
      /not me/,
    ],
  ])('a payload that is %s is refused with a code, and nothing is stored', async (_, payload, says) => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    const refusal = expect.objectContaining({ code: 'BAD_PAYLOAD', message: expect.stringMatching(says) })
    await expect(queue.publish('a', { payload })).rejects.toEqual(refusal)
    await expect(
      queue.publishMany([
        { id: 'good', payload: 1 },
        { id: 'a', payload },
      ]),
    ).rejects.toEqual(refusal)
    expect(world.spy.of('publish')).toEqual([])
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0 } })
  })

  test('a payload of exactly a mebibyte goes, alone in its batch, and its neighbours beside it', async () => {
    const world = await kit.world()
    const queue = world.queueFor<string>()
    const large = 'x'.repeat(1_048_574)
    await queue.publishMany([
      { id: 'a', payload: 'a' },
      { id: 'b', payload: large },
      { id: 'c', payload: 'c' },
      { id: 'd', payload: 'd' },
    ])
    expect(world.spy.of('publish').map(({ request }) => request.ids)).toEqual([['a'], ['b'], ['c', 'd']])
    await Promise.all([queue.publish('e', { payload: large }), queue.publish('f', { payload: 'f' })])
    const seen: [string, number][] = []
    queue.process((job) => void seen.push([job.id, job.payload.length]))
    await queue.idle()
    expect(seen).toEqual([
      ['a', 1],
      ['b', 1_048_574],
      ['c', 1],
      ['d', 1],
      ['e', 1_048_574],
      ['f', 1],
    ])
  })

  test('batches end at a mebibyte of IDs and payloads', async () => {
    const world = await kit.world()
    const queue = world.queueFor<string>()
    const items = Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, payload: 'ü'.repeat(50_000) }))
    await queue.publishMany(items)
    const many = world.spy.of('publish').length
    const stream = async function* () {
      yield* items
    }
    await queue.publishMany(stream())
    await Promise.all(items.map(({ id, payload }) => queue.publish(id, { payload })))
    const requests = world.spy.of('publish').map(({ request }) => request)
    for (const { ids, traits } of requests) {
      const bytes = (text = '') => Buffer.byteLength(text)
      const size = ids.reduce((sum, id, i) => sum + bytes(id) + bytes(traits?.[i]?.payload), 0)
      expect(size).toBeLessThanOrEqual(1_048_576)
    }
    // 10 to a mebibyte.
    expect(many).toBe(5)
    expect((await queue.stats()).totals).toMatchObject({ published: 150, entered: 50 })
  })

  test('inspect shows the payload; one that cannot be decoded hides nothing of the others', async () => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    await queue.publishMany([{ id: 'a', payload: { n: 1 } }, 'none'])
    await world.queueFor<number[]>({ serializer: binary }).publish('odd', { payload: [7] })
    const [a, odd, none] = await queue.inspectMany(['a', 'odd', 'none'])
    expect(a).toMatchObject({ state: 'queued', payload: { n: 1 } })
    expect(odd).toMatchObject({ id: 'odd', state: 'queued', payloadError: expect.stringMatching(/cannot be decoded/) })
    expect(odd).not.toHaveProperty('payload')
    expect(none).toEqual({ id: 'none', state: 'queued', attempt: 1, jams: 0, failures: 0 })
  })

  test('a payload that cannot be decoded fails its job with a clear code, and stops nothing', async () => {
    const world = await kit.world()
    await world.queueFor<number[]>({ serializer: binary }).publish('odd', { payload: [7] })
    const queue = world.queueFor<unknown>()
    await queue.publish('good', { payload: 2 })
    const seen: unknown[] = []
    queue.process((job) => void seen.push(job.payload))
    await queue.idle()
    expect(seen).toEqual([2])
    expect(await queue.inspect('odd')).toMatchObject({ state: 'failed', error: { code: 'BAD_PAYLOAD' } })
  })

  test('when an ID is free, nothing of its payload is left', async () => {
    const world = await kit.world()
    const queue = world.queueFor<number>()
    await queue.publish('a', { payload: 1 })
    const stage = world.stage()
    const worker = queue.process(stage.handler)
    await stage.begins(1)
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(await queue.inspect('a')).not.toHaveProperty('payload')
    await worker.close()
    await queue.publish('b', { payload: 2 })
    await queue.withdraw('b')
    expect(await queue.inspect('b')).not.toHaveProperty('payload')
  })
})

test('the type asks for a payload where jobs have one, and for none where they have none', () => {
  type Truck = { wheels: number }
  const plain = undefined as unknown as Queue
  const typed = undefined as unknown as Queue<Truck, string>
  const maybe = undefined as unknown as Queue<Truck | undefined>
  const calls = [
    () => plain.publish('a'),
    () => plain.publish(1, {}),
    () => plain.publish('a', { delay: 5, priority: 'high' }),
    () => plain.publishMany(['a', 1, { id: 'a', runAt: new Date() }]),
    () => typed.publish('a', { payload: { wheels: 4 } }),
    () => typed.publish('a', { payload: { wheels: 4 }, dedupe: 'latest', waitForRoom: 'PT1S' }),
    () => typed.publishMany([{ id: 'a', payload: { wheels: 4 } }]),
    () => maybe.publish('a', { payload: undefined }),
    // @ts-expect-error
    () => plain.publish('a', { payload: { wheels: 4 } }),
    // @ts-expect-error
    () => plain.publish('a', { dely: 5 }),
    // @ts-expect-error
    () => plain.publish('a', { priority: 'urgent' }),
    // @ts-expect-error
    () => typed.publish('a'),
    // @ts-expect-error
    () => typed.publish('a', {}),
    // @ts-expect-error
    () => typed.publish('a', { payload: { wheel: 4 } }),
    // @ts-expect-error
    () => typed.publishMany(['a']),
    // @ts-expect-error
    () => typed.publishMany([{ id: 'a' }]),
    // @ts-expect-error
    () => maybe.publish('a'),
    // @ts-expect-error
    () => typed.publish('a', { payload: { wheels: 4 }, dedupe: { remember: 5 } }),
  ]
  expect(calls.length).toBeGreaterThan(10)
  expectTypeOf<Queue<Truck, string>['publish']>().returns.resolves.toEqualTypeOf<Verdict<string>>()
  expectTypeOf<Queue<Truck, string>['inspect']>().returns.resolves.toEqualTypeOf<JobInfo<Truck>>()
  expectTypeOf<Queue<Truck, string>['process']>().parameter(0).parameter(0).toEqualTypeOf<Job<Truck>>()
  expectTypeOf<Verdict<string>['result']>().toEqualTypeOf<string | undefined>()
})
