import { expect, test } from 'vitest'
import type { Queue } from '../../src/index.js'
import { onBothStores, onRedis } from './kit.js'

const GOOD: readonly string[] = [
  'a:exp',
  'x y',
  ' ',
  '0',
  '-1',
  '/a|b',
  '__proto__',
  'constructor',
  'toString',
  '🚚',
  '\u{10FFFF}',
  'line\nbreak',
  '\r\n',
  'nul\0byte',
  '\0',
  '{tag}',
  '{',
  '~',
  '%s %d',
  "'); return 1 --",
  '*',
  'é',
  'e\u0301',
  '\uFEFF',
  'x'.repeat(1_024),
  '€'.repeat(341),
  '🚚'.repeat(256),
]

/** What is wrong with it, and what the error must say. */
const BAD: readonly [what: string, id: unknown, says: RegExp][] = [
  ['empty', '', /empty/],
  ['1,025 bytes', 'x'.repeat(1_025), /1,024 bytes.*1025/],
  ['1,026 bytes in 342 characters', '€'.repeat(342), /1,024 bytes.*1026/],
  ['1,028 bytes of emoji', '🚚'.repeat(257), /1,024 bytes.*1028/],
  ['a lone high surrogate', 'a\uD83D', /lone surrogate/],
  ['a lone low surrogate', '\uDE9Aa', /lone surrogate/],
  ['surrogates the wrong way round', '\uDE9A\uD83D', /lone surrogate/],
  ['NaN', Number.NaN, /NaN/],
  ['a fraction', 1.5, /1\.5/],
  ['Infinity', Number.POSITIVE_INFINITY, /Infinity/],
  ['an integer that is not safe', 2 ** 53, /9007199254740992/],
  ['null', null, /null/],
  ['undefined', undefined, /undefined/],
  ['an object', { id: 'a' }, /an object/],
  ['an array', ['a'], /an array/],
  ['a function', () => 'a', /a function/],
  ['a bigint', 1n, /1/],
  ['a boolean', true, /true/],
  ['a symbol', Symbol('a'), /Symbol\(a\)/],
  ['a String object', new String('a'), /an object/],
]

const error = (says: RegExp) =>
  expect.objectContaining({ name: 'ConvoyError', code: 'BAD_ID', message: expect.stringMatching(says) })

/** A call that takes one ID, with the bad one as it comes from JavaScript. */
const CALLS: readonly [name: string, call: (queue: Queue, id: never) => Promise<unknown>][] = [
  ['publish', (queue, id) => queue.publish(id)],
  ['publishMany', (queue, id) => queue.publishMany(['good', id, 'better'])],
  [
    'publishMany of an async iterable',
    (queue, id) =>
      queue.publishMany(
        (async function* () {
          yield id
        })(),
      ),
  ],
  ['inspect', (queue, id) => queue.inspect(id)],
  ['inspectMany', (queue, id) => queue.inspectMany(['good', id])],
  ['withdraw', (queue, id) => queue.withdraw(['good', id])],
]

onBothStores((kit) => {
  test('odd IDs go the whole way: published, run by exactly that name, gone', async () => {
    const world = await kit.world()
    const queue = world.queue()
    for (const id of GOOD)
      expect(await queue.publish(id)).toEqual({ id, outcome: 'queued', was: 'absent', guaranteed: true })
    expect((await queue.publishMany(GOOD)).map(({ id, outcome }) => [id, outcome])).toEqual(
      GOOD.map((id) => [id, 'duplicate']),
    )
    expect((await queue.list('queued')).ids).toEqual(GOOD)
    expect((await queue.inspectMany(GOOD)).map(({ id, state }) => [id, state])).toEqual(
      GOOD.map((id) => [id, 'queued']),
    )
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 100 })
    await stage.begins(GOOD.length)
    expect(stage.ids).toEqual(GOOD)
    expect((await queue.list('processing')).ids.toSorted()).toEqual(GOOD.toSorted())
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= GOOD.length)
    expect((await queue.inspectMany(GOOD)).filter(({ state }) => state !== 'absent')).toEqual([])
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0, totals: { done: GOOD.length, lost: 0 } })
  })

  test('odd IDs fail, jam and are withdrawn like any other', async () => {
    const world = await kit.world()
    const queue = world.queue({ maxJams: 0 })
    await queue.publishMany(GOOD)
    expect(await world.die({ claim: 100 })).toEqual(GOOD)
    const jammed = await world.lapse({ maxJams: 0, keepFailed: 100 })
    expect(jammed.map(({ id, now }) => [id, now])).toEqual(expect.arrayContaining(GOOD.map((id) => [id, 'failed'])))
    expect((await queue.inspectMany(GOOD)).map(({ state, failures }) => [state, failures])).toEqual(
      GOOD.map(() => ['failed', 1]),
    )
    expect((await queue.withdraw(GOOD)).map(({ id, was }) => [id, was])).toEqual(GOOD.map((id) => [id, 'failed']))
    await queue.publishMany(GOOD)
    expect((await queue.withdraw(GOOD)).map(({ was }) => was)).toEqual(GOOD.map(() => 'queued'))
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0 })
  })

  test('1 and "1" are one ID, for every call', async () => {
    const world = await kit.world()
    const queue = world.queue()
    expect(await queue.publish(1)).toMatchObject({ id: '1', outcome: 'queued' })
    expect(await queue.publish('1')).toMatchObject({ id: '1', outcome: 'duplicate' })
    expect(await queue.inspect(1)).toMatchObject({ id: '1', state: 'queued' })
    expect(await queue.publish('01')).toMatchObject({ id: '01', outcome: 'queued' })
    expect(await queue.withdraw([1, '1'])).toEqual([
      { id: '1', was: 'queued' },
      { id: '1', was: 'absent' },
    ])
    for (const id of [-0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      expect((await queue.publish(id)).id).toBe(String(id))
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 10 })
    await stage.begins(4)
    expect(stage.ids).toEqual(['01', '0', '9007199254740991', '-9007199254740991'])
  })

  test.each(BAD)('a bad ID is refused by every call and stores nothing: %s', async (_, id, says) => {
    const queue = (await kit.world()).queue()
    for (const [name, call] of CALLS) await expect(call(queue, id as never), name).rejects.toEqual(error(says))
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0, entered: 0 } })
  })

  test('a bad ID among thousands stores none of them, wherever it stands', async () => {
    const queue = (await kit.world()).queue()
    for (const place of [0, 1_500, 2_999]) {
      const ids = Array.from({ length: 3_000 }, (_, i) => (i === place ? '' : `${i}`))
      await expect(queue.publishMany(ids)).rejects.toEqual(error(/empty/))
    }
    expect((await queue.stats()).totals.published).toBe(0)
  })

  test('a bad ID in a tick takes no neighbour with it', async () => {
    const queue = (await kit.world()).queue()
    const all = await Promise.allSettled([queue.publish('a'), queue.publish(''), queue.publish('b')])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await queue.list('queued')).ids).toEqual(['a', 'b'])
  })

  test.each([
    ['a text', 'abc'],
    ['a number', 7],
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
  ])('publishMany wants an iterable of IDs, not %s', async (_, ids) => {
    const queue = (await kit.world()).queue()
    await expect(queue.publishMany(ids as never)).rejects.toEqual(error(/iterable/))
    expect((await queue.stats()).totals.published).toBe(0)
  })

  test('an error shows a long ID only by its beginning', async () => {
    const queue = (await kit.world()).queue()
    const refused = (await queue.publish('secret'.repeat(1_000)).catch((thrown: Error) => thrown)) as Error
    expect(refused.message.length).toBeLessThan(150)
  })
})

onRedis('on Redis, in its own keys', (kit) => {
  test('an ID is stored as its UTF-8 bytes, and nothing else is', async () => {
    const world = await kit.world()
    await world.queue().publishMany(GOOD)
    expect(await kit.read<string[]>(world, 'LRANGE', 'queued', '0', '-1')).toEqual(GOOD)
    expect((await kit.read<string[]>(world, 'SMEMBERS', 'committed')).sort()).toEqual(GOOD.toSorted())
  })

  test('a bad ID leaves no key behind', async () => {
    const world = await kit.world()
    const queue = world.queue()
    for (const [, id] of BAD)
      await expect(queue.publishMany(['good', id as never])).rejects.toMatchObject({ code: 'BAD_ID' })
    expect(await kit.server().cli('KEYS', `${world.prefix}:{*`)).toEqual([])
  })
})
