import { expect, test } from 'vitest'
import { onBothStores, onRedis } from './kit.js'

onBothStores((kit) => {
  test('a publish tells what it met and what became of it, in each state', async () => {
    const world = await kit.world()
    const queue = world.queue()
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'queued', was: 'absent', guaranteed: true })
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'duplicate', was: 'queued', guaranteed: true })
    const stage = world.stage()
    queue.process(stage.handler)
    await stage.begins(1)
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'duplicate', was: 'processing', guaranteed: false })
    stage.end('a', () => {
      throw new Error('no')
    })
    await world.spy.until(() => world.spy.settled.includes('a fail 1'))
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'queued', was: 'failed', guaranteed: true })
    await stage.begins(2)
    stage.end('a')
    await world.spy.until(() => world.spy.settled.includes('a done 1'))
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'queued', was: 'absent', guaranteed: true })
  })

  test('a publish that meets a delayed ID is its duplicate', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    expect((await queue.inspect('a')).state).toBe('delayed')
    const dueAt = new Date(world.now + 60_000)
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'duplicate', was: 'delayed', guaranteed: true, dueAt })
  })

  test('many at once get a verdict each, in the order given, whatever the iterable', async () => {
    const queue = (await kit.world()).queue()
    const outcomes = async (ids: Iterable<string | number>) =>
      (await queue.publishMany(ids)).map(({ id, outcome }) => `${id} ${outcome}`)
    expect(await outcomes(['a', 'b', 3])).toEqual(['a queued', 'b queued', '3 queued'])
    expect(await outcomes(new Set(['b', 'c', '3']))).toEqual(['b duplicate', 'c queued', '3 duplicate'])
    const generate = function* () {
      yield 'd'
      yield 'a'
    }
    expect(await outcomes(generate())).toEqual(['d queued', 'a duplicate'])
    expect(await outcomes([])).toEqual([])
    expect((await queue.list('queued')).ids).toEqual(['a', 'b', '3', 'c', 'd'])
  })

  test('an ID twice in one batch is one entry and one duplicate, however it was published', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const tell = (verdicts: readonly { id: string; outcome: string; was: string }[]) =>
      verdicts.map(({ id, outcome, was }) => `${id} ${outcome} ${was}`)
    expect(tell(await queue.publishMany(['a', 'b', 'a', 'a']))).toEqual([
      'a queued absent',
      'b queued absent',
      'a duplicate queued',
      'a duplicate queued',
    ])
    expect(
      tell(await Promise.all([queue.publish('c'), queue.publish('c'), queue.publish(1), queue.publish('1')])),
    ).toEqual(['c queued absent', 'c duplicate queued', '1 queued absent', '1 duplicate queued'])
    expect((await queue.list('queued')).ids).toEqual(['a', 'b', 'c', '1'])
    const { committed, queued, totals } = await queue.stats()
    expect({ committed, queued }).toEqual({ committed: 4, queued: 4 })
    expect(totals).toMatchObject({ published: 8, duplicates: 4, entered: 4, left: 0 })
  })

  test('thousands at once go out in batches of a thousand, two on their way, and keep their order', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.ready()
    const gate = world.spy.hold('publish')
    const ids = Array.from({ length: 4_500 }, (_, i) => `id-${i}`)
    const publishing = queue.publishMany([...ids, 'id-4499'])
    await world.spy.until(() => gate.waiting === 2)
    gate.opened.open()
    const verdicts = await publishing
    expect(verdicts.map(({ id }) => id)).toEqual([...ids, 'id-4499'])
    expect(verdicts.filter(({ outcome }) => outcome === 'queued')).toHaveLength(4_500)
    expect(verdicts.at(-1)?.outcome).toBe('duplicate')
    const sizes = world.spy.of('publish').map(({ request }) => request.ids.length)
    expect(sizes.sort()).toEqual([1_000, 1_000, 1_000, 1_000, 501].sort())
  })

  test('large IDs end a batch at a mebibyte', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const ids = Array.from({ length: 1_100 }, (_, i) => `${i}:`.padEnd(1_024, 'x'))
    const verdicts = await queue.publishMany(ids)
    expect(verdicts.every(({ outcome }) => outcome === 'queued')).toBe(true)
    const again = await Promise.all(ids.map((id) => queue.publish(id)))
    expect(again.every(({ outcome, was }) => outcome === 'duplicate' && was === 'queued')).toBe(true)
    for (const { request } of world.spy.of('publish')) {
      expect(request.ids.reduce((sum, id) => sum + id.length, 0)).toBeLessThanOrEqual(1_048_576)
    }
    expect((await queue.stats()).queued).toBe(1_100)
  })

  test('the publishes of one tick are one call of the store', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const verdicts = await Promise.all(Array.from({ length: 300 }, (_, i) => queue.publish(i % 100)))
    expect(verdicts.filter(({ outcome }) => outcome === 'queued')).toHaveLength(100)
    expect(world.spy.of('publish')).toHaveLength(1)
  })

  test('what is published while two calls are on their way shares the next', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.ready()
    const gate = world.spy.hold('publish')
    const publishing = [queue.publish('a')]
    await world.spy.until(() => gate.waiting === 1)
    publishing.push(queue.publish('b'))
    await world.spy.until(() => gate.waiting === 2)
    for (const id of ['c', 'd', 'a']) {
      publishing.push(queue.publish(id))
      await Promise.resolve()
    }
    gate.opened.open()
    expect((await Promise.all(publishing)).map(({ outcome }) => outcome)).toEqual([
      'queued',
      'queued',
      'queued',
      'queued',
      'duplicate',
    ])
    expect(world.spy.of('publish').map(({ request }) => request.ids)).toEqual([['a'], ['b'], ['c', 'd', 'a']])
  })

  test('publishes from several processes meet in one queue', async () => {
    const world = await kit.world()
    const queues = [world.queue(), world.queue(), world.queue()]
    const all = await Promise.all(
      queues.flatMap((queue) => Array.from({ length: 200 }, (_, i) => queue.publish(`id-${i}`))),
    )
    expect(all.filter(({ outcome }) => outcome === 'queued')).toHaveLength(200)
    expect(all.filter(({ outcome, guaranteed }) => outcome === 'duplicate' && guaranteed)).toHaveLength(400)
    expect((await world.queue().stats()).totals).toMatchObject({ published: 600, duplicates: 400, entered: 200 })
  })

  test('close lets the publishes out that were taken before it, and takes none after it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const taken = [queue.publish('a'), queue.publish('b'), queue.publishMany(['c', 'd'])]
    const closing = queue.close()
    const code = { code: 'CLOSED', name: 'ConvoyError' }
    await expect(queue.publish('late')).rejects.toMatchObject(code)
    await expect(queue.publishMany(['late'])).rejects.toMatchObject(code)
    await expect(
      queue.publishMany(
        (async function* () {
          yield 'late'
        })(),
      ),
    ).rejects.toMatchObject(code)
    await closing
    expect((await Promise.all(taken)).flat().map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'a queued',
      'b queued',
      'c queued',
      'd queued',
    ])
    await expect(queue.publish('later still')).rejects.toMatchObject(code)
    expect((await world.queue().list('queued')).ids.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('each queue is one of its own: same IDs, other name or prefix', async () => {
    const world = await kit.world()
    const [one, other] = [world.queue(), world.queue({ prefix: `${world.prefix}-other` })]
    expect((await one.publish('a')).outcome).toBe('queued')
    expect((await other.publish('a')).outcome).toBe('queued')
    await one.withdraw(['a'])
    expect((await other.inspect('a')).state).toBe('queued')
  })
})

onRedis('on Redis, by its own counters', (kit) => {
  const calls = async (): Promise<number> => {
    const stats = await kit.server().cli('INFO', 'commandstats')
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }

  test('the publishes of one tick are one script', async () => {
    const queue = (await kit.world()).queue()
    await queue.publish('warm')
    const before = await calls()
    await Promise.all(Array.from({ length: 500 }, (_, i) => queue.publish(i)))
    expect((await calls()) - before).toBe(1)
    await queue.publish('one more')
    expect((await calls()) - before).toBe(2)
  })

  test('a queue of 1,000 waiting IDs has two keys that grow: the line and the set', async () => {
    const world = await kit.world()
    await world.queue().publishMany(Array.from({ length: 1_000 }, (_, i) => i))
    const keys = await kit.server().cli<string[]>('KEYS', `${world.prefix}:{*`)
    const parts = keys.map((key) => key.slice(key.lastIndexOf(':') + 1))
    expect(parts.sort()).toEqual(['committed', 'marks', 'meta', 'queued', 'totals', 'wake'])
    expect(await kit.read(world, 'SCARD', 'committed')).toBe(1_000)
    expect(await kit.read(world, 'LLEN', 'queued')).toBe(1_000)
    expect(await kit.read(world, 'LLEN', 'marks')).toBe(1)
    expect(await kit.read(world, 'LLEN', 'wake')).toBe(1)
  })
})
