import { expect, test } from 'vitest'
import { createQueue, type Queue } from '../../src/index.js'
import { every, schedules, unschedule } from '../../src/schedule/index.js'
import { publishAndWait, waitFor } from '../../src/wait/index.js'
import { HOSTILE, UNPRINTABLE } from '../support/hostile.js'
import { onBothStores, onRedis } from './kit.js'

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
  ['an object', { name: 'a' }, /an object/],
  ['an array', ['a'], /an array/],
  ['a function', () => 'a', /a function/],
  ['a bigint', 1n, /1/],
  ['a boolean', true, /true/],
  ['a symbol', Symbol('a'), /Symbol\(a\)/],
  ['a String object', new String('a'), /an object/],
]

const error = (says: RegExp) =>
  expect.objectContaining({ name: 'ConvoyError', code: 'BAD_ID', message: expect.stringMatching(says) })

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (thrown) {
    return (thrown as Error).message
  }
  throw new Error('it was taken')
}

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
  ['retry', (queue, id) => queue.retry(['good', id])],
  ['promote', (queue, id) => queue.promote(['good', id])],
  ['result', (queue, id) => queue.result(id)],
  ['logOf', (queue, id) => queue.logOf(id)],
  ['waitFor', (queue, id) => waitFor(queue, id)],
  ['publishAndWait', (queue, id) => publishAndWait(queue, id)],
  ['every', (queue, id) => every(queue, id, 'PT1M')],
  ['unschedule', (queue, id) => unschedule(queue, id)],
]

onBothStores((kit) => {
  test('odd IDs go the whole way: published, run by exactly that name, gone', async () => {
    const world = await kit.world()
    const queue = world.queue()
    for (const id of HOSTILE)
      expect(await queue.publish(id)).toEqual({ id, outcome: 'queued', was: 'absent', guaranteed: true })
    expect((await queue.publishMany(HOSTILE)).map(({ id, outcome }) => [id, outcome])).toEqual(
      HOSTILE.map((id) => [id, 'duplicate']),
    )
    expect((await queue.list('queued', { limit: 1_000 })).ids).toEqual(HOSTILE)
    expect((await queue.inspectMany(HOSTILE)).map(({ id, state }) => [id, state])).toEqual(
      HOSTILE.map((id) => [id, 'queued']),
    )
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: HOSTILE.length })
    await stage.begins(HOSTILE.length)
    expect(stage.ids).toEqual(HOSTILE)
    expect((await queue.list('processing', { limit: 1_000 })).ids.toSorted()).toEqual(HOSTILE.toSorted())
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= HOSTILE.length)
    expect((await queue.inspectMany(HOSTILE)).filter(({ state }) => state !== 'absent')).toEqual([])
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0, totals: { done: HOSTILE.length, lost: 0 } })
  })

  test('odd IDs fail, jam and are withdrawn like any other', async () => {
    const world = await kit.world()
    const queue = world.queue({ maxJams: 0 })
    await queue.publishMany(HOSTILE)
    expect(await world.die({ claim: HOSTILE.length })).toEqual(HOSTILE)
    const jammed = await world.lapse({ maxJams: 0, keepFailed: 1_000, limit: 1_000 })
    expect(jammed.map(({ id, now }) => [id, now])).toEqual(expect.arrayContaining(HOSTILE.map((id) => [id, 'failed'])))
    expect((await queue.inspectMany(HOSTILE)).map(({ state, failures }) => [state, failures])).toEqual(
      HOSTILE.map(() => ['failed', 1]),
    )
    expect((await queue.withdraw(HOSTILE)).map(({ id, was }) => [id, was])).toEqual(HOSTILE.map((id) => [id, 'failed']))
    await queue.publishMany(HOSTILE)
    expect((await queue.withdraw(HOSTILE)).map(({ was }) => was)).toEqual(HOSTILE.map(() => 'queued'))
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0 })
  })

  test('odd IDs come through a stream, and there is one of each', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const told: string[] = []
    async function* twice() {
      yield* HOSTILE
      yield* HOSTILE
    }
    const counts = await queue.publishMany(twice(), {
      onVerdicts: (verdicts) => told.push(...verdicts.map(({ id, outcome }) => `${outcome} ${id}`)),
    })
    expect(counts).toMatchObject({ queued: HOSTILE.length, duplicate: HOSTILE.length })
    expect(told).toEqual([...HOSTILE.map((id) => `queued ${id}`), ...HOSTILE.map((id) => `duplicate ${id}`)])
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length)
    expect(HOSTILE.length).toBeGreaterThan(40)
  })

  test('odd IDs whose handlers throw odd errors: events, list and inspect tell both as they were', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const failed = new Map<string, unknown>()
    queue.on('failed', (id, error) => failed.set(id, error))
    queue.process(
      ({ id }) => {
        throw Object.assign(new Error(id), { code: id, stack: `${id}\n${id}` })
      },
      { concurrency: HOSTILE.length },
    )
    await queue.publishMany(HOSTILE)
    await world.spy.until(() => world.spy.settled.length >= HOSTILE.length)
    expect([...failed.keys()].toSorted()).toEqual(HOSTILE.toSorted())
    expect((await queue.list('failed', { limit: 1_000 })).ids.toSorted()).toEqual(HOSTILE.toSorted())
    for (const { id, state, error } of await queue.inspectMany(HOSTILE)) {
      expect([id, state]).toEqual([id, 'failed'])
      // What is short is kept whole.
      if (id.length < 40) expect(error).toMatchObject({ message: id, code: id, stack: `${id}\n${id}` })
      else expect(id.startsWith((error?.message ?? '-').slice(0, 100))).toBe(true)
    }
    expect({}).not.toHaveProperty('x')
    expect((await queue.publishMany(HOSTILE)).map(({ id, was }) => [id, was])).toEqual(
      HOSTILE.map((id) => [id, 'failed']),
    )
  })

  test('a text made of an odd ID is one line that says what it says: no end, no colour, no turn', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const lines: string[] = []
    queue.logStats({ logger: { info: (_, text) => lines.push(text) } })
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: HOSTILE.length, jobTimeout: 1_000 })
    await queue.publishMany(HOSTILE)
    await stage.begins(HOSTILE.length)
    const signals = new Map(stage.begun.map(({ id, signal }) => [id, signal]))
    const half = HOSTILE.filter((_, place) => place % 2 === 0)
    await queue.withdraw(half)
    clock.pass(10_000)
    await spy.until(() => spy.renewed.length >= HOSTILE.length)
    const reasons = Array.from(signals, ([id, { reason }]) => [id, String((reason as Error).message)] as const)
    expect(reasons).toHaveLength(HOSTILE.length)
    const refusals = HOSTILE.flatMap((id) =>
      [
        () => createQueue(`${id} `),
        () => queue.on(id as never, () => {}),
        () => queue.process(() => {}, { [`${id} `]: 1 }),
      ].map((call) => [id, messageOf(call)] as const),
    )
    for (const [id, text] of [...reasons, ...refusals, ...lines.map((line) => ['a line', line] as const)]) {
      expect(text, JSON.stringify(id)).not.toMatch(UNPRINTABLE)
    }
    expect(lines.length).toBeGreaterThan(0)
    stage.open()
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
    const queue = (await kit.world()).queue({ keepResult: 1_000 })
    for (const [name, call] of CALLS) await expect(call(queue, id as never), name).rejects.toEqual(error(says))
    expect(await schedules(queue)).toEqual([])
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
    await world.queue().publishMany(HOSTILE)
    expect(await kit.read<string[]>(world, 'LRANGE', 'queued', '0', '-1')).toEqual(HOSTILE)
    expect((await kit.read<string[]>(world, 'SMEMBERS', 'committed')).sort()).toEqual(HOSTILE.toSorted())
  })

  test('a bad ID leaves no key behind', async () => {
    const world = await kit.world()
    const queue = world.queue()
    for (const [, id] of BAD)
      await expect(queue.publishMany(['good', id as never])).rejects.toMatchObject({ code: 'BAD_ID' })
    expect(await kit.server().cli('KEYS', `${world.prefix}:{*`)).toEqual([])
  })
})
