import { inspect } from 'node:util'
import dayjs from 'dayjs'
import { expect, test } from 'vitest'
import { type ConvoyError, PRIORITIES, type Queue } from '../../src/index.js'
import { onBothStores } from './kit.js'

/** Bad options of a publish, and what the error must say. */
type Row = readonly [options: object, says: RegExp]
const each = (name: string, values: readonly unknown[], says: RegExp): Row[] =>
  values.map((value) => [{ [name]: value }, says])

const NO_NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, true, null, [], {}]
const NO_MOMENTS = [
  -1,
  '5m',
  'tomorrow',
  '5',
  '',
  new Date(Number.NaN),
  253_402_300_800_000,
  '9999-12-31T23:59:59-01:00',
]
const NO_DATES = ['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01']

const BAD: readonly Row[] = [
  ...each(
    'delay',
    [...NO_NUMBERS, -1, '5m', '-PT1S', 250_000_000_000_001],
    /publish(Many)?: delay: expected a duration/,
  ),
  ...each('runAt', [...NO_NUMBERS, ...NO_MOMENTS, ...NO_DATES], /publish(Many)?: runAt: expected a moment/),
  ...each('priority', [...NO_NUMBERS, 1_001, -1_001, 1.5, '5', ''], /priority: expected a name .* or an integer/),
  [{ runAt: '2026-01-01T00:00:00' }, /names no zone: did you mean '2026-01-01T00:00:00Z'\?/],
  [{ delay: 5, runAt: new Date() }, /either delay or runAt, not both/],
  [{ priority: 'hihg' }, /not 'hihg'\. Did you mean 'high'\?/],
  [{ priority: 'constructor' }, /not 'constructor'/],
  [{ dely: 5 }, /there is no option 'dely'\. Did you mean 'delay'\?/],
  [{ toString: 5 }, /no option 'toString'/],
  [{ dedupe: 'lates' }, /dedupe: expected 'latest' or an object of knobs, not 'lates'/],
  [{ dedupe: { procesing: 'rerun' } }, /dedupe: .*'procesing'\. Did you mean 'processing'\?/],
  [
    { dedupe: { processing: 'return' } },
    /expected 'discard', 'rerun' or 'supersede', not 'return'\. Did you mean 'rerun'\?/,
  ],
  [{ dedupe: null }, /dedupe/],
  [{ dedupe: 5 }, /dedupe/],
  [{ dedupe: { maxWait: 5 } }, /maxWait: only with timing: 'latest'/],
  [{ dedupe: { timing: 'latest', maxWait: Number.NaN } }, /maxWait.*NaN/],
  [{ dedupe: { remember: 5 } }, /remember: not of one publish: .*createQueue/],
  [{ dedupe: { rememberFrom: 'publish' } }, /rememberFrom: not of one publish/],
  [{ waitForRoom: '5s' }, /waitForRoom.*'PT5S'/],
  [{ signal: {} }, /signal/],
]

async function* one(item: unknown): AsyncGenerator<never> {
  yield item as never
}

onBothStores((kit) => {
  test('bad options are refused with a code that says what would be right, and nothing is stored', async () => {
    const world = await kit.world()
    const queue = world.queue()
    for (const [options, says] of BAD) {
      const calls = [
        () => queue.publish('a', options),
        () => queue.publishMany(['good', { id: 'a', ...options }]),
        () => queue.publishMany(one({ id: 'a', ...options })),
      ]
      for (const call of calls) {
        const refusal = expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(says) })
        await expect(call(), inspect(options)).rejects.toEqual(refusal)
      }
    }
    expect(world.spy.of('publish')).toEqual([])
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0, entered: 0 } })
  })

  test('options of a publish are an object, and that object is never touched', async () => {
    const queue = (await kit.world()).queue()
    for (const options of [5, 'x', null, [], () => {}])
      await expect(queue.publish('a', options as never)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    const options = Object.freeze({ priority: 'high', dedupe: Object.freeze({ waiting: 'replace' }) } as const)
    await queue.publish('a', options)
    await queue.publish('a', { delay: undefined, priority: undefined, dedupe: undefined } as never)
    expect(options).toEqual({ priority: 'high', dedupe: { waiting: 'replace' } })
  })

  test('what has more priority goes first, and among equals what came first', async () => {
    const queue = (await kit.world()).queue()
    const priorities = ['low', undefined, 'critical', 7, 'normal', 'high', -3, 'critical', 1_000, -1_000, 'medium', 7]
    const numbers = priorities.map((p) => (typeof p === 'string' ? PRIORITIES[p as 'low'] : (p ?? 0)))
    const ids = priorities.map((p, i) => `${i}:${p}`)
    for (const [i, priority] of priorities.entries())
      await queue.publish(ids[i] as string, priority === undefined ? {} : { priority: priority as number })
    const ran: string[] = []
    queue.process(({ id }) => void ran.push(id))
    await queue.idle()
    const order = ids.map((_, i) => i).toSorted((a, b) => Number(numbers[b]) - Number(numbers[a]) || a - b)
    expect(ran).toEqual(order.map((i) => ids[i]))
  })

  test('a publish may raise one that waits, and never lowers it; inspect tells', async () => {
    const queue = (await kit.world()).queue()
    await queue.publishMany(['a', 'b', { id: 'c', priority: 'medium' }])
    expect(await queue.publish('b', { priority: 'high' })).toMatchObject({ outcome: 'updated', was: 'queued' })
    expect(await queue.publish('b', { priority: 'low' })).toMatchObject({ outcome: 'duplicate', was: 'queued' })
    expect(await queue.publish('b')).toMatchObject({ outcome: 'duplicate' })
    expect((await queue.inspectMany(['a', 'b', 'c'])).map(({ priority }) => priority)).toEqual([undefined, 10, 5])
    expect((await queue.list('queued')).ids).toEqual(['b', 'c', 'a'])
    const ran: string[] = []
    queue.process(({ id }) => void ran.push(id))
    await queue.idle()
    expect(ran).toEqual(['b', 'c', 'a'])
  })

  test('a retry keeps its priority', async () => {
    const world = await kit.world()
    const queue = world.queue({ attempts: 2, backoff: 0 })
    await queue.publish('a', { priority: 'high' })
    const stage = world.stage()
    const worker = queue.process(stage.handler)
    await stage.begins(1)
    await worker.pause()
    await queue.publishMany(['x', 'y'])
    stage.end('a', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect((await queue.list('queued')).ids).toEqual(['a', 'x', 'y'])
    worker.resume()
    expect(await stage.begins(2)).toMatchObject({ id: 'a', attempt: 2 })
    stage.open()
    await queue.idle()
  })

  test('a delayed one is due when it says, runs once with five workers, and not a millisecond sooner', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const verdict = await queue.publish('a', { delay: 'PT1M' })
    const dueAt = new Date(world.now + 60_000)
    expect(verdict).toEqual({ id: 'a', outcome: 'delayed', was: 'absent', guaranteed: true, dueAt })
    expect(await queue.inspect('a')).toMatchObject({ state: 'delayed', dueAt })
    expect(await queue.publish('b', { runAt: new Date(world.now + 90_000) })).toMatchObject({ outcome: 'delayed' })
    const past = await queue.publishMany([
      { id: 'c', runAt: new Date(world.now - 1) },
      { id: 'd', delay: 0 },
    ])
    expect(past.map(({ outcome }) => outcome)).toEqual(['queued', 'queued'])
    await queue.withdraw(['c', 'd'])
    await world.serverPasses(59_999)
    expect(await world.die({ claim: 5 })).toEqual([])
    await world.serverPasses(1)
    const ran: string[] = []
    for (let n = 1; n <= 5; n++) world.queue().process(({ id }) => void ran.push(id), { concurrency: 3 })
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(ran).toEqual(['a'])
    await world.serverPasses(30_000)
    await queue.sweep()
    await queue.idle()
    expect(ran).toEqual(['a', 'b'])
    expect((await queue.stats()).totals).toMatchObject({ done: 2, entered: 4, left: 4 })
  })

  test('moments are taken as Date, dayjs, ms, and text with a zone; they mean the same', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const at = Math.ceil(world.now / 1_000) * 1_000 + 3_600_000
    const iso = new Date(at).toISOString()
    const shifted = `${new Date(at + 7_200_000).toISOString().slice(0, 19)}+02:00`
    const days = [dayjs(at), dayjs(at).locale('de'), dayjs(at).add(1, 'day').subtract(1, 'day')]
    const moments = [
      ...days,
      new Date(at),
      at,
      at - 0.5,
      iso,
      `${iso.slice(0, 19)}Z`,
      shifted,
      shifted.replace(/:00$/, '00'),
    ]
    const verdicts = await queue.publishMany(moments.map((runAt, i) => ({ id: i, runAt })))
    expect(verdicts.map(({ dueAt }) => dueAt?.getTime())).toEqual(moments.map(() => at))
    await expect(queue.publish('never', { runAt: dayjs('no day') })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })

  test('the far future blocks nothing', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('far', { runAt: '9999-12-31T23:59:59.999Z' })
    await queue.publish('farther', { delay: 250_000_000_000_000 })
    const ran: string[] = []
    queue.process(({ id }) => void ran.push(id))
    await queue.publish('now')
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.publish('now too')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(ran).toEqual(['now', 'now too'])
    expect((await queue.inspect('far')).dueAt?.toISOString()).toBe('9999-12-31T23:59:59.999Z')
    expect(await queue.stats()).toMatchObject({ queued: 0, delayed: 2 })
  })

  test('publishes of one ID keep their order, whatever their policies', async () => {
    const world = await kit.world()
    const queue: Queue<number> = world.queueFor<number>({ dedupe: { waiting: 'replace' } })
    const dedupes = [undefined, 'latest', { timing: 'latest' }, { processing: 'supersede' }] as const
    const all = Array.from({ length: 200 }, (_, payload) => {
      const dedupe = dedupes[payload % 4]
      return queue.publish('hot', dedupe ? { payload, dedupe } : { payload })
    })
    expect((await Promise.all(all)).slice(1).every(({ outcome }) => outcome === 'updated')).toBe(true)
    expect((await queue.inspect('hot')).payload).toBe(199)
    const items = Array.from({ length: 3_000 }, (_, payload) => ({ id: 'bulk', payload }))
    await queue.publishMany(items)
    expect((await queue.inspect('bulk')).payload).toBe(2_999)
  })

  test('knobs of a publish go before those of the queue, one by one', async () => {
    const world = await kit.world()
    const queue = world.queue({ dedupe: { waiting: 'replace', timing: 'earliest' } })
    await Promise.all([
      queue.publish('a'),
      queue.publish('b', { dedupe: { timing: 'latest' } }),
      queue.publish('c', { dedupe: { timing: 'latest', maxWait: 'PT5M' } }),
      queue.publish('d', { dedupe: 'latest' }),
      queue.publish('e', { dedupe: { waiting: 'discard', timing: 'first' } }),
    ])
    expect(world.spy.of('publish').map(({ request }) => request.policy)).toEqual([
      { waiting: 'replace', timing: 'earliest', processing: 'discard' },
      { waiting: 'replace', timing: 'latest', maxWait: 60_000, processing: 'discard' },
      { waiting: 'replace', timing: 'latest', maxWait: 300_000, processing: 'discard' },
      { waiting: 'replace', timing: 'earliest', processing: 'rerun' },
      { processing: 'discard' },
    ])
  })

  test('a batch of publishes that is refused is refused for what is wrong with it, and its neighbours go', async () => {
    const queue = (await kit.world()).queue()
    const wrong = (error: ConvoyError) => error.code
    const all = [queue.publish('a'), queue.publish('b', { delay: -1 }).catch(wrong), queue.publish('c')]
    expect(await Promise.all(all)).toMatchObject([{ id: 'a' }, 'BAD_OPTION', { id: 'c' }])
  })
})
