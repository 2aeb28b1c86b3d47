import { Buffer } from 'node:buffer'
import { expect, test, vi } from 'vitest'
import type { ConvoyError, Job, Serializer } from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

interface Route {
  readonly from: string
  readonly stops: readonly number[]
}

const no = (): never => {
  throw new Error('no')
}

const MIB = 1_048_576

/** Two floats, as bytes. */
const point: Serializer<readonly [number, number]> = {
  encode: (value) => new Uint8Array(Float64Array.from(value).buffer),
  decode: (stored) => {
    if (typeof stored === 'string' || stored.byteLength !== 16) throw new Error('a point has 16 bytes')
    const [x = 0, y = 0] = new Float64Array(stored.buffer, stored.byteOffset, 2)
    return [x, y]
  },
}

/** A queue of payloads, made in the world as `queue()` makes one of none. */
const queueOf = <Payload>(world: World, serializer?: Serializer<Payload>) =>
  world.queueFor<Payload>(serializer ? { serializer } : {})

onBothStores((kit) => {
  test('a handler gets the payload that was published with the ID', async () => {
    const world = await kit.world()
    const queue = queueOf<Route>(world)
    const got: unknown[] = []
    queue.process((job) => void got.push([job.id, job.payload.from, job.payload.stops]))
    await queue.publish('a', { payload: { from: 'Łódź 🚚', stops: [1, 2] } })
    await queue.publish('b', { payload: { from: '', stops: [] } })
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(got).toEqual([
      ['a', 'Łódź 🚚', [1, 2]],
      ['b', '', []],
    ])
  })

  test('what has none gets undefined, beside what has one', async () => {
    const world = await kit.world()
    const queue = queueOf<Route | undefined>(world)
    const got: Job<Route | undefined>[] = []
    queue.process((job) => void got.push(job), { concurrency: 3 })
    await queue.publishMany([
      { id: 'none' } as never,
      { id: 'one', payload: { from: 'x', stops: [] } },
      'also-none' as never,
    ])
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect(got.map(({ id, payload }) => [id, payload])).toEqual([
      ['none', undefined],
      ['one', { from: 'x', stops: [] }],
      ['also-none', undefined],
    ])
  })

  test.each([null, 0, '', false, [], {}, 'text', -1.5])('%j is a payload', async (payload) => {
    const world = await kit.world()
    const queue = queueOf<unknown>(world)
    const got: unknown[] = []
    queue.process((job) => void got.push(job.payload))
    await queue.publish('a', { payload })
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(got).toEqual([payload])
  })

  test('a serializer of bytes gets its bytes back, each one, and none that are not its own', async () => {
    const world = await kit.world()
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const seen: Uint8Array[] = []
    const raw: Serializer<Uint8Array> = {
      encode: (value) => value,
      decode: (stored) => {
        seen.push(stored as Uint8Array)
        return stored as Uint8Array
      },
    }
    const queue = queueOf(world, raw)
    const got: Uint8Array[] = []
    queue.process((job) => void got.push(job.payload))
    await queue.publish('all', { payload: all })
    await queue.publish('none', { payload: new Uint8Array() })
    await queue.publish('part', { payload: Buffer.from('over there').subarray(5) })
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect(got).toEqual([all, new Uint8Array(), new TextEncoder().encode('there')])
    expect(seen.map(({ buffer, byteLength }) => buffer.byteLength - byteLength)).toEqual([0, 0, 0])
  })

  test('numbers as bytes come back as they were', async () => {
    const world = await kit.world()
    const queue = queueOf(world, point)
    const got: unknown[] = []
    queue.process((job) => void got.push(job.payload))
    await queue.publish('a', { payload: [Math.PI, -0] })
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(got).toEqual([[Math.PI, -0]])
  })

  test('what cannot be decoded fails for good as BAD_PAYLOAD, is told and kept, and the worker goes on', async () => {
    const world = await kit.world()
    const queue = world.queueFor<readonly [number, number]>({ serializer: point, attempts: 9, backoff: 0 })
    const told: unknown[] = []
    queue.on('failed', (id, error) => told.push([id, (error as ConvoyError).code]))
    queue.on('retrying', (id) => told.push(['retrying', id]))
    const ran: string[] = []
    const policy = { processing: 'discard' } as const
    const texts = ['s{"by":"another serializer"}', 'bAAAA', 'b*not base64*', 'x?', '']
    await world
      .store()
      .publish(
        { ids: texts.map((_, i) => `bad${i}`), policy, traits: texts.map((payload) => ({ payload })) },
        { timeout: 10_000 },
      )
    await queue.publish('good', { payload: [1, 2] })
    queue.process((job) => void ran.push(job.id), { concurrency: 2, prefetch: 2 })
    await world.spy.until(() => world.spy.settled.length >= 6)
    expect(ran).toEqual(['good'])
    expect(told.toSorted()).toEqual(texts.map((_, i) => [`bad${i}`, 'BAD_PAYLOAD']))
    expect(await queue.inspect('bad1')).toMatchObject({
      state: 'failed',
      failures: 1,
      error: { code: 'BAD_PAYLOAD', message: expect.stringContaining('a point has 16 bytes'), attempt: 1 },
    })
    expect((await queue.stats()).totals).toMatchObject({ done: 1, failed: 5, retried: 0, lost: 0 })
  })

  test.each(['b*not base64*', 'bAAA', 'bQUJD!', 'x?', ''])(
    '%j was not written by this library, and no serializer gets it',
    async (text) => {
      const world = await kit.world()
      const decode = vi.fn((stored: string | Uint8Array) => stored)
      const queue = queueOf(world, { encode: (value: string | Uint8Array) => value, decode })
      const policy = { processing: 'discard' } as const
      await world.store().publish({ ids: ['a'], policy, traits: [{ payload: text }] }, { timeout: 10_000 })
      queue.process(no)
      await world.spy.until(() => world.spy.settled.length >= 1)
      expect(await queue.inspect('a')).toMatchObject({
        state: 'failed',
        error: { code: 'BAD_PAYLOAD', message: expect.stringContaining('not written by this library') },
      })
      expect(decode).not.toHaveBeenCalled()
    },
  )

  test('a failed ID keeps its payload for the run after it was revived by hand', async () => {
    const world = await kit.world()
    const queue = queueOf<string>(world)
    const got: string[] = []
    queue.process((job) => {
      got.push(job.payload)
      if (got.length === 1) throw new Error('once')
    })
    await queue.publish('a', { payload: 'kept' })
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.retry('a')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(got).toEqual(['kept', 'kept'])
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const throwing: Serializer<unknown> = {
    encode: () => {
      throw new Error('not today')
    },
    decode: () => undefined,
  }
  const odd: Serializer<unknown> = { encode: () => 7 as never, decode: () => undefined }
  const lone: Serializer<unknown> = { encode: () => '\uD83D', decode: () => undefined }
  test.each<[what: string, payload: unknown, says: RegExp, serializer?: Serializer<unknown>]>([
    ['undefined', undefined, /to a string or to a Uint8Array, not to undefined/],
    ['a function', () => 1, /not to undefined/],
    ['a bigint', 1n, /BigInt/],
    ['a cycle', cyclic, /circular/],
    ['more than 1 MiB', 'x'.repeat(MIB - 1), /has at most 1048576 bytes, not 1048577/],
    ['more than 1 MiB of UTF-8', 'ü'.repeat(MIB / 2), /not 1048578/],
    ['what its serializer throws at', 1, /not today/, throwing],
    ['what is encoded to a number', 1, /not to number/, odd],
    ['what is encoded to a lone surrogate', 1, /lone surrogate/, lone],
  ])('%s is refused, and nothing is stored', async (_, payload, says, serializer) => {
    const world = await kit.world()
    const queue = queueOf<unknown>(world, serializer)
    const refusal = { code: 'BAD_PAYLOAD', message: expect.stringMatching(says) }
    await expect(queue.publish('a', { payload })).rejects.toMatchObject(refusal)
    await expect(
      queue.publishMany([
        { id: 'b', payload: 1 },
        { id: 'a', payload },
      ]),
    ).rejects.toMatchObject(serializer ? { code: 'BAD_PAYLOAD' } : refusal)
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0 } })
  })

  test('1 MiB goes in and comes out', async () => {
    const world = await kit.world()
    const queue = queueOf<string>(world)
    const got: string[] = []
    queue.process((job) => void got.push(job.payload))
    const payload = 'x'.repeat(MIB - 2)
    await queue.publish('a', { payload })
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(got[0] === payload).toBe(true)
  })
})
