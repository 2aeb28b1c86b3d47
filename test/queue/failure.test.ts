import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { onBothStores, onRedis } from './kit.js'

class Refusal extends Error {
  readonly code = 'E_REFUSED'
}

const errorOf = (fields: object) => Object.assign(new Error('big'), fields)

/** Errors whose text would be far larger than what is kept. */
const BIG: readonly [what: string, thrown: unknown][] = [
  ['a long message', new Error('m'.repeat(100_000))],
  ['a long text', 't'.repeat(100_000)],
  ['a message of quotes', new Error('"\\'.repeat(5_000))],
  ['a message of control characters', new Error('\0'.repeat(5_000))],
  ['a message of emoji', new Error('🚚'.repeat(5_000))],
  ['a message of lone surrogates', new Error('\uD83D'.repeat(5_000))],
  ['a long code', errorOf({ code: 'c'.repeat(100_000) })],
  ['a code of control characters', errorOf({ code: '\x01'.repeat(5_000) })],
  ['a long stack', errorOf({ stack: 's'.repeat(100_000) })],
  ['a stack of control characters', errorOf({ stack: '\x1F'.repeat(5_000) })],
  ['a stack of emoji', errorOf({ stack: '🚚'.repeat(5_000) })],
  ['all of it', errorOf({ message: '\0'.repeat(9_999), code: '\0'.repeat(9_999), stack: '\0'.repeat(9_999) })],
]

onBothStores((kit) => {
  const failing =
    (thrown: unknown = new Error('no')) =>
    async () => {
      throw thrown
    }

  test('a failed ID is in failed, with its count, and the error with message, code, stack, attempt and time', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await world.serverPasses(1_234)
    queue.process(failing(new Refusal('not today')))
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    const info = await queue.inspect('a')
    expect(info).toEqual({
      id: 'a',
      state: 'failed',
      attempt: 1,
      jams: 0,
      failures: 1,
      error: {
        message: 'not today',
        code: 'E_REFUSED',
        stack: expect.stringMatching(/not today.*failure\.test/s),
        attempt: 1,
        at: new Date(world.now),
      },
    })
    expect((await queue.list('failed')).ids).toEqual(['a'])
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 1, totals: { failed: 1, done: 0, left: 1 } })
  })

  test('a failed ID may be published again at once: its count travels along, and a success clears it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler)
    const no = () => Promise.reject(new Error('no'))
    for (let failure = 1; failure <= 3; failure++) {
      const was = failure === 1 ? 'absent' : 'failed'
      expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'queued', was, guaranteed: true })
      expect(await stage.begins(failure)).toMatchObject({ id: 'a', attempt: 1 })
      expect(await queue.inspect('a')).toMatchObject({ state: 'processing', failures: failure - 1 })
      stage.end('a', no)
      await world.spy.until(() => world.spy.settled.length >= failure)
      expect(await queue.inspect('a')).toMatchObject({ state: 'failed', failures: failure, error: { message: 'no' } })
      expect(await queue.stats()).toMatchObject({ failed: 1, committed: 0 })
    }
    await queue.publish('a')
    expect(await queue.stats()).toMatchObject({ failed: 0, committed: 1 })
    await stage.begins(4)
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 4)
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'absent', attempt: 1, jams: 0, failures: 0 })
    expect(await queue.publish('a')).toMatchObject({ was: 'absent' })
    await stage.begins(5)
    expect(await queue.inspect('a')).toMatchObject({ failures: 0 })
    stage.end('a', no)
    await world.spy.until(() => world.spy.settled.length >= 5)
    expect(await queue.inspect('a')).toMatchObject({ state: 'failed', failures: 1 })
  })

  test('an ID published from the failed event itself runs again', async () => {
    const world = await kit.world()
    const queue = world.queue()
    let runs = 0
    queue.on('failed', (id) => void queue.publish(id))
    queue.process(async () => {
      if (++runs < 3) throw new Error(`run ${runs}`)
    })
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.includes('a done 1'))
    expect(runs).toBe(3)
  })

  test('an ID published from the failed event is met as failed, however busy its worker is', async () => {
    const world = await kit.world()
    const { spy } = world
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 3 })
    await queue.publishMany(['a', 'b', 'c'])
    await stage.begins(3)
    const published = new Promise((resolve) => queue.on('failed', (id) => resolve(queue.publish(id))))
    const gate = spy.hold('step')
    stage.end('b')
    await spy.until(() => gate.waiting === 1)
    stage.end('c')
    await spy.until(() => gate.waiting === 2)
    stage.end('a', () => Promise.reject(new Error('no')))
    await Promise.race([published, new Promise((later) => setImmediate(later))])
    gate.opened.open()
    expect(await published).toMatchObject({ id: 'a', outcome: 'queued', was: 'failed', guaranteed: true })
  })

  test('the error of a job that waits again, or runs again, can still be read', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const worker = queue.process(failing(new Error('the first time')))
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    await worker.close()
    await queue.publish('a')
    expect(await queue.inspect('a')).toMatchObject({
      state: 'queued',
      failures: 1,
      error: { message: 'the first time' },
    })
  })

  test.each(BIG)('what is kept of %s is whole and at most 4 KiB', async (_, thrown) => {
    const world = await kit.world()
    const queue = world.queue()
    queue.process(failing(thrown))
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    const [seen] = await world.store().inspect(['a'], { timeout: 1_000 })
    expect(Buffer.byteLength(seen?.error ?? '')).toBeLessThanOrEqual(4_096)
    expect(Buffer.byteLength(seen?.error ?? '')).toBeGreaterThan(500)
    const { error } = await queue.inspect('a')
    expect([typeof error?.message, error?.attempt, /\p{Surrogate}/u.test(error?.message ?? '')]).toEqual([
      'string',
      1,
      false,
    ])
  })

  test('only keepFailed failures are remembered: the oldest are forgotten first', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepFailed: 3 })
    queue.process(failing())
    for (const [i, id] of ['a', 'b', 'c', 'a', 'd', 'e'].entries()) {
      await world.serverPasses(1)
      await queue.publish(id)
      await world.spy.until(() => world.spy.settled.length >= i + 1)
    }
    expect((await queue.list('failed')).ids).toEqual(['a', 'd', 'e'])
    expect((await queue.inspectMany(['a', 'b', 'c'])).map(({ state, failures }) => [state, failures])).toEqual([
      ['failed', 2],
      ['absent', 0],
      ['absent', 0],
    ])
    expect(await queue.inspect('b')).not.toHaveProperty('error')
    expect(await queue.publish('b')).toMatchObject({ was: 'absent' })
    expect((await queue.stats()).totals.failed).toBeGreaterThanOrEqual(6)
  })

  test('with keepFailed 0 a failure is counted and not kept', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepFailed: 0 })
    queue.process(failing())
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'absent', attempt: 1, jams: 0, failures: 0 })
    expect(await queue.stats()).toMatchObject({ failed: 0, totals: { failed: 1 } })
  })

  test('a thousand failures at once, each with a large error, are all recorded', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepFailed: 900 })
    queue.process(failing(errorOf({ stack: 's'.repeat(100_000) })), { concurrency: 500 })
    await queue.publishMany(Array(1_000).keys())
    await world.spy.until(() => world.spy.settled.length >= 1_000)
    expect(await queue.stats()).toMatchObject({ failed: 900, committed: 0, totals: { failed: 1_000, lost: 0 } })
  })
})

onRedis('on Redis, in its own keys', (kit) => {
  test('failures beyond keepFailed leave nothing that names them', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepFailed: 2 })
    queue.process(async () => Promise.reject(new Error('no')))
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) {
      await world.serverPasses(1)
      await queue.publish(id)
      await world.spy.until(() => world.spy.settled.length >= i + 1)
    }
    expect(await kit.read(world, 'ZRANGE', 'failed', '0', '-1', 'WITHSCORES')).toEqual(['c', '1', 'd', '1'])
    expect(await kit.read(world, 'ZRANGE', 'failedAt', '0', '-1')).toEqual(['c', 'd'])
    expect((await kit.read<string[]>(world, 'HKEYS', 'errors')).sort()).toEqual(['c', 'd'])
    expect(await kit.read(world, 'EXISTS', 'failures')).toBe(0)
    expect(await kit.read(world, 'EXISTS', 'tries')).toBe(0)
  })
})
