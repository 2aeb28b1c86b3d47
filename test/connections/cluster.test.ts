import { afterAll, beforeAll, expect, test } from 'vitest'
import { createQueue, type Queue, redisStore } from '../../src/index.js'
import { Stage } from '../queue/stage.js'
import { type RedisCluster, startCluster } from '../support/redis-cluster.js'
import { closedLater, clusterClient, freshName, keyIn, News } from './kit.js'

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

test('close() leaves the cluster client open', async () => {
  const client = await clusterClient(cluster)
  const queue = createQueue(freshName(), { redis: client })
  await queue.publish('a')
  await queue.close()
  expect(client.isOpen).toBe(true)
  expect(await client.exists(keyIn(queue, 'queued'))).toBe(1)
  expect(client.listenerCount('error')).toBe(1)
})
