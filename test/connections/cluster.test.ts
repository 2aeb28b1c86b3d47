import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, redisStore } from '../../src/index.js'
import { Stage } from '../queue/stage.js'
import { type RedisCluster, startCluster } from '../support/redis-cluster.js'
import { until } from '../support/until.js'
import { closedLater, clusterClient, failureOf, freshName, keyIn, News } from './kit.js'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startCluster()
})

afterAll(() => cluster.stop())

const stageOf = async (queue: Queue, stage: Stage, count: number): Promise<void> => {
  queue.process(stage.handler, { concurrency: 4, abortGrace: 0 })
  await stage.begins(count)
}

test('every verb works on a cluster, for queues on each of its nodes', async () => {
  const client = await clusterClient(cluster)
  const homes = new Set<number>()
  for (let i = 0; i < 6; i++) {
    const queue = closedLater(createQueue(freshName(), { redis: client }))
    homes.add((await cluster.nodeOf(keyIn(queue, 'queued'))).pid)
    const stage = new Stage()
    await queue.publishMany(['done', 'failed', 'withdrawn', 'last'])
    await queue.withdraw(['withdrawn'])
    await stageOf(queue, stage, 3)
    stage.end('done')
    stage.end('failed', () => {
      throw new Error('as planned')
    })
    stage.end('last')
    await queue.idle()
    expect(await queue.sweep()).toEqual([])
    expect(await queue.list('failed')).toMatchObject({ ids: ['failed'] })
    expect(await queue.inspect('failed')).toMatchObject({ state: 'failed', failures: 1 })
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 1, totals: { done: 2, failed: 1, withdrawn: 1 } })
    await queue.publish('more')
    expect(await queue.clear()).toBeGreaterThan(0)
  }
  expect(homes.size).toBeGreaterThan(1)
})

test('all keys of a queue are in one slot', async () => {
  const client = await clusterClient(cluster)
  const queue = closedLater(createQueue(freshName(), { redis: client }))
  const stage = new Stage()
  await queue.publishMany(['a', 'b', 'c'])
  await stageOf(queue, stage, 3)
  const guard = queue.jamGuard({ every: 20 })
  stage.end('a', () => {
    throw new Error('as planned')
  })
  await queue.withdraw(['b'])
  const home = await cluster.nodeOf(keyIn(queue, 'queued'))
  const slots = new Set<number>()
  for (const node of cluster.nodes) {
    for (const key of await node.cli<string[]>('KEYS', `*${queue.name}*`)) {
      expect(node).toBe(home)
      slots.add(await node.cli<number>('CLUSTER', 'KEYSLOT', key))
    }
  }
  expect(slots.size).toBe(1)
  await guard.close()
})

test('a node that dies and comes back: the queue on it goes on, and tells when it is away and back; one elsewhere hears of nothing', async () => {
  const client = await clusterClient(cluster)
  const queueOn = async (avoid?: number): Promise<Queue> => {
    for (;;) {
      const queue = closedLater(createQueue(freshName(), { store: redisStore({ client, replyTimeout: 300 }) }))
      if ((await cluster.nodeOf(keyIn(queue, 'queued'))).pid !== avoid) return queue
    }
  }
  const queue = await queueOn()
  const home = await cluster.nodeOf(keyIn(queue, 'queued'))
  const elsewhere = await queueOn(home.pid)
  const news = new News(queue)
  const farNews = new News(elsewhere)
  queue.process(() => {})
  await queue.publish('a')
  await elsewhere.publish('a')
  await home.kill()
  const publish = queue.publish('b')
  await news.heard('suspended')
  expect(await elsewhere.publish('a')).toMatchObject({ outcome: 'duplicate' })
  await home.restart()
  // It has lost its memory, as it was told to: what counts is that the publish goes through.
  expect(await publish).toMatchObject({ outcome: 'queued' })
  await news.heard('resumed')
  await queue.idle()
  // A node that is back may say for a while that its cluster is down: that is told apart.
  expect(news.told).toEqual(news.told.map((_, i) => (i % 2 === 0 ? 'suspended' : 'resumed')))
  expect(news.told.length % 2).toBe(0)
  expect(farNews.told).toEqual([])
})

test('a node that went away while nothing was asked of it: UNAVAILABLE in time, and nothing goes out when it is back', async () => {
  const client = await clusterClient(cluster)
  const queue = closedLater(createQueue(freshName(), { redis: client, publishTimeout: 700 }))
  await queue.publish('before')
  const home = await cluster.nodeOf(keyIn(queue, 'queued'))
  await home.kill()
  const there = (): boolean => client.masters.every((node) => node.client?.isReady)
  await until('its client has seen it go', async () => !there())
  expect(await failureOf(queue.publish('a'))).toMatchObject({ name: 'ConvoyError', code: 'UNAVAILABLE' })
  await home.restart()
  await until('it answers', async () => (await failureOf(queue.publish('b'))) === undefined)
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
})

test('a slot that no node holds: REFUSED in time, nothing has run, and a node that takes it is found', async () => {
  const name = freshName()
  const key = `convoy:{${name}}:queued`
  const home = await cluster.nodeOf(key)
  const slot = await home.cli<number>('CLUSTER', 'KEYSLOT', key)
  await Promise.all(cluster.nodes.map((node) => node.cli('CLUSTER', 'DELSLOTS', slot)))
  const take = (): Promise<unknown> => home.cli('CLUSTER', 'ADDSLOTS', slot).catch(() => {})
  onTestFinished(async () => void (await take()))
  // It learns of the slots when it connects, and of this one that nobody has it.
  const queue = closedLater(createQueue(name, { redis: await clusterClient(cluster), publishTimeout: 700 }))
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    name: 'ConvoyError',
    code: 'REFUSED',
    message: expect.stringContaining('CLUSTERDOWN'),
  })
  await take()
  let verdict: unknown
  await until('it answers', async () => {
    verdict = await queue.publish('b').catch(() => undefined)
    return verdict !== undefined
  })
  expect(verdict).toEqual({ id: 'b', outcome: 'queued', was: 'absent', guaranteed: true })
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
})

test('close() leaves the cluster client open', async () => {
  const client = await clusterClient(cluster)
  const queue = createQueue(freshName(), { redis: client })
  await queue.publish('a')
  await queue.close()
  expect(client.isOpen).toBe(true)
  expect(await client.exists(keyIn(queue, 'queued'))).toBe(1)
  expect(client.listenerCount('error')).toBe(1)
})
