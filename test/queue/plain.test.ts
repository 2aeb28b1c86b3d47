import { expect, test } from 'vitest'
import { onBothStores, onRedis } from './kit.js'

onBothStores((kit) => {
  test('a plain publish asks the store for nothing but its IDs, and a plain worker goes by no policy', async () => {
    const world = await kit.world()
    const queue = world.queue()
    queue.process(() => {})
    const verdicts = await Promise.all([queue.publish('a'), queue.publish('b'), queue.publishMany(['c'])])
    await queue.publish('d', {})
    await queue.idle()
    const requests = world.spy.of('publish').map(({ request }) => request)
    expect(requests.length).toBeGreaterThan(1)
    // The one object by which a store knows the plain lane.
    expect(new Set(requests.map(({ policy }) => policy)).size).toBe(1)
    for (const request of requests) expect(request).toEqual({ ids: request.ids, policy: { processing: 'discard' } })
    for (const request of requests) expect('traits' in request).toBe(false)
    for (const { request } of world.spy.of('step')) expect(request.policy).toBeUndefined()
    for (const verdict of verdicts.flat()) expect(Object.keys(verdict)).toEqual(['id', 'outcome', 'was', 'guaranteed'])
    for (const { reply } of world.spy.of('step')) expect(reply.payloads).toBeUndefined()
  })

  test('a batch lists what its IDs bring only when one of them brings something', async () => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    await Promise.all([queue.publish('a'), queue.publish('b', { payload: 1 }), queue.publish('c')])
    expect(world.spy.of('publish').map(({ request }) => request.traits)).toEqual([[{}, { payload: 's1' }, {}]])
  })
})

onRedis('on Redis, by its own keys', (kit) => {
  const parts = async (prefix: string): Promise<string[]> => {
    const keys = await kit.server().cli<string[]>('KEYS', `${prefix}:{*`)
    return keys.map((key) => key.slice(key.lastIndexOf(':') + 1)).toSorted()
  }

  test('where eight are claimed at once, what is processing is kept as a table, however few that are', async () => {
    const world = await kit.world()
    const encoding = () => kit.server().cli('OBJECT', 'ENCODING', kit.key(world, 'processing'))
    await world.queue().publishMany(Array(15).keys())
    await world.die({ claim: 7 })
    expect(await encoding()).toBe('listpack')
    await world.die({ claim: 8 })
    expect(await encoding()).toBe('skiplist')
  })

  test('a queue that uses none of it has not one key more, at work and at rest', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(100).keys())
    expect(await parts(world.prefix)).toEqual(['committed', 'marks', 'meta', 'queued', 'totals', 'wake'])
    await world.die({ claim: 5 })
    expect(await parts(world.prefix)).toEqual([
      'committed',
      'lease',
      'marks',
      'meta',
      'processing',
      'queued',
      'steps',
      'totals',
      'wake',
    ])
    await queue.publishMany(Array(100).keys())
    await world.lapse()
    const worker = queue.process(() => {}, { concurrency: 10 })
    await queue.idle()
    await worker.close()
    // `guard` is the sweep's.
    const known = ['alarm', 'guard', 'marks', 'meta', 'steps', 'totals', 'wake']
    expect((await parts(world.prefix)).filter((part) => !known.includes(part))).toEqual([])
  })

  test('when every feature was used and its IDs are gone, only what any queue has is left', async () => {
    const world = await kit.world()
    const queue = world.queueFor<number>({
      dedupe: { waiting: 'replace', timing: 'latest', processing: 'rerun' },
      maxLength: 5_000,
    })
    const items = Array.from({ length: 1_000 }, (_, payload) => ({ id: payload, payload, priority: payload % 5 }))
    await queue.publishMany(items)
    await queue.publishMany(items.map((item) => ({ ...item, priority: 7 })))
    await queue.publishMany(items.map(({ id, payload }) => ({ id: `d${id}`, payload, delay: 1_000 })))
    await world.serverPasses(1_000)
    const worker = queue.process(() => {}, { concurrency: 100 })
    await queue.idle()
    await queue.publishMany(items.map((item) => ({ ...item, delay: 'PT1H' })))
    await queue.withdraw({ state: 'delayed' })
    await worker.close()
    const known = ['alarm', 'guard', 'marks', 'meta', 'steps', 'totals', 'wake']
    expect((await parts(world.prefix)).filter((part) => !known.includes(part))).toEqual([])
  })
})
