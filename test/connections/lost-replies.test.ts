import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisStore } from '../../src/index.js'
import { Stage } from '../queue/stage.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { callOf, keyIn, News, queueAt, warmUp } from './kit.js'
import { Load } from './load.js'

let server: RedisServer
let proxy: TcpProxy

beforeAll(async () => {
  server = await startRedis({ port: 'tcp' })
  proxy = await startProxy(server)
  await warmUp(proxy.url)
})

afterAll(async () => {
  await proxy.close()
  await server.stop()
})

test('a publish whose answer was lost is asked again, and its verdict says so', async () => {
  const queue = queueAt({ url: proxy.url })
  await queue.ready()
  const lost = proxy.dropReply(callOf(queue, 'publish'))
  const verdict = await queue.publish('a')
  await lost
  expect(verdict).toEqual({ id: 'a', outcome: 'duplicate', was: 'queued', guaranteed: true, repeated: true })
  expect(await server.cli('LLEN', keyIn(queue, 'queued'))).toBe(1)
})

test('a publish that never reached the server is sent again, and counts once', async () => {
  const queue = queueAt({ url: proxy.url })
  await queue.ready()
  const lost = proxy.lose(callOf(queue, 'publish'))
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued', repeated: true })
  await lost
  expect((await queue.stats()).totals).toMatchObject({ entered: 1, published: 1, duplicates: 0 })
})

test('what is done by hand is asked again as well, and tells that it may have met its own work', async () => {
  const queue = queueAt({ url: proxy.url })
  await queue.publishMany(['a', { id: 'b', delay: 60_000 }])
  // Their scripts are there by then.
  expect(await queue.promote('nobody')).toEqual(await queue.withdraw('nobody'))
  const lost = proxy.dropReply(callOf(queue, 'withdraw'))
  expect(await queue.withdraw('a')).toEqual([{ id: 'a', was: 'absent', repeated: true }])
  await lost
  const moved = proxy.dropReply(callOf(queue, 'move'))
  expect(await queue.promote('b')).toEqual([{ id: 'b', was: 'queued', repeated: true }])
  await moved
  expect(await queue.withdraw('b')).toEqual([{ id: 'b', was: 'queued' }])
})

test('a claim whose answer was lost is given again: the same IDs, under the same token, each run once', async () => {
  const queue = queueAt({ url: proxy.url })
  const ids = ['a', 'b', 'c']
  await queue.publishMany(ids)
  const lost = proxy.dropReply(callOf(queue, 'step'))
  const runs: string[] = []
  const epochs = new Set<number>()
  queue.process(
    (job) => {
      runs.push(job.id)
      epochs.add(job.epoch)
    },
    { concurrency: 3 },
  )
  await lost
  await queue.idle()
  expect(runs).toEqual(ids)
  expect(epochs.size).toBe(1)
  expect((await queue.stats()).totals).toMatchObject({ done: 3, jammed: 0, lost: 0, left: 3 })
})

/** A worker behind the proxy has claimed `a` by the step that rode with its wait, and its answer is held back. */
async function ridden() {
  const queue = queueAt({ url: proxy.url })
  const publisher = queueAt({ url: server.url }, { name: queue.name })
  const stage = new Stage()
  stage.open()
  const worker = queue.process(stage.handler, { concurrency: 3 })
  await until('the worker waits', async () => (await server.cli('INFO', 'clients')).includes('blocked_clients:1\r\n'))
  proxy.blackHole()
  await publisher.publish('a')
  await until('it is claimed', async () => (await publisher.inspect('a')).state === 'processing')
  const cut = async (): Promise<void> => {
    proxy.cut()
    await proxy.pass()
  }
  return { worker, publisher, stage, cut }
}

test('a claim that rode with a wait, and whose answer was lost, is given again, and runs once', async () => {
  const { publisher, stage, cut } = await ridden()
  await cut()
  await publisher.idle()
  expect(stage.ids).toEqual(['a'])
  expect((await publisher.stats()).totals).toMatchObject({ done: 1, jammed: 0, lost: 0 })
})

test('a worker that is paused while its claim is on the way runs what it had claimed, and no more', async () => {
  const { worker, publisher, stage, cut } = await ridden()
  worker.pause()
  await publisher.publish('b')
  await cut()
  await until('a is done', async () => (await publisher.inspect('a')).state === 'absent')
  expect((await publisher.inspect('b')).state).toBe('queued')
  worker.resume()
  await publisher.idle()
  expect(stage.ids).toEqual(['a', 'b'])
})

test('a worker that closes while its claim is on the way gives it back', async () => {
  const { worker, publisher, stage, cut } = await ridden()
  const closed = worker.close()
  await cut()
  await closed
  expect(stage.ids).toEqual([])
  expect((await publisher.inspect('a')).state).toBe('queued')
})

test('a settlement whose answer was lost counts once', async () => {
  const queue = queueAt({ url: proxy.url })
  const lost: Promise<unknown>[] = []
  const lostIds: string[] = []
  queue.on('lost', (id) => lostIds.push(id))
  queue.process(() => {
    // The next step settles this one.
    lost.push(proxy.dropReply(callOf(queue, 'step')))
  })
  await queue.publish('a')
  await queue.idle()
  await Promise.all(lost)
  expect(lost).toHaveLength(1)
  expect((await queue.stats()).totals).toMatchObject({ done: 1, lost: 0 })
  expect(lostIds).toEqual([])
})

test('a sweep whose answer was lost recovers each job once', async () => {
  const dead = queueAt({ url: server.url }, { lease: 100 })
  const { name } = dead
  const begun = new Promise<void>((resolve) => {
    dead.process(
      () => {
        resolve()
        return new Promise(() => {})
      },
      { abortGrace: 0 },
    )
  })
  await dead.publish('a')
  await begun
  await server.cli('HSET', keyIn(dead, 'lease'), 'a', '1:1:gone:1')
  await server.cli('ZADD', keyIn(dead, 'processing'), 1, 'a')
  const queue = queueAt({ url: proxy.url }, { lease: 100, name })
  await queue.ready()
  // The first sweep of all comes late, and gives grace; the one after it recovers.
  expect(
    await Promise.all([queue.sweep(), proxy.dropReply(callOf(queue, 'sweep'))]).then(([jobs]) => jobs),
  ).toHaveLength(1)
  expect((await queue.stats()).totals.jammed).toBe(1)
})

test('however many answers are lost, nothing is orphaned, stuck or run without need', { timeout: 60_000 }, async () => {
  await using load = new Load(redisStore({ url: proxy.url }))
  await load.answers(100)
  for (const script of [
    'step',
    'publish',
    'sweep',
    'step',
    'step',
    'publish',
    'step',
    'step',
    'step',
    'step',
  ] as const) {
    for (let i = 0; i < 3; i++) {
      await proxy.dropReply(callOf(load.worker, script))
      await load.answers(20)
    }
  }
  await load.drain()
  expect(load.workerNews.errors).toEqual([])
  expect(load.news.errors).toEqual([])
  expect(load.repeated).toBeGreaterThan(0)
  // No claim was orphaned: there was nothing for the guard to recover.
  expect(load.jammed).toBe(0)
})

test('answers that come late are waited for, and nothing is sent twice', async () => {
  const queue = queueAt({ url: proxy.url, replyTimeout: 2_000 })
  const news = new News(queue)
  await queue.ready()
  proxy.delay(150)
  const runs: string[] = []
  queue.process((job) => {
    runs.push(job.id)
  })
  const verdicts = await queue.publishMany(['a', 'b', 'c'])
  await queue.idle()
  await proxy.pass()
  expect(verdicts.every(({ repeated }) => repeated === undefined)).toBe(true)
  expect(runs).toEqual(['a', 'b', 'c'])
  expect(news.told).toEqual([])
})
