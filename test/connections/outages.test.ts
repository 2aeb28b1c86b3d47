import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RedisStoreOptions, redisStore } from '../../src/index.js'
import type { RedisServer } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'
import { failureOf, News, queueAt, serverHere } from './kit.js'
import { Load } from './load.js'

const unhandled: unknown[] = []
const keep = (reason: unknown): unknown => unhandled.push(reason)
let server: RedisServer

beforeEach(async () => {
  unhandled.length = 0
  process.on('unhandledRejection', keep)
  server = await serverHere({ port: 'tcp', args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
})

afterEach(() => {
  process.off('unhandledRejection', keep)
  expect(unhandled).toEqual([])
})

const load = (redis: RedisStoreOptions): Load => new Load(redisStore(redis))

test('Redis is killed twice under load and comes back: everybody goes on, nothing is lost', async () => {
  await using work = load({ url: server.url })
  for (const outage of [1, 2]) {
    await work.answers(200)
    await server.kill()
    await Promise.all([work.news.heard('suspended', outage), work.workerNews.heard('suspended', outage)])
    await server.restart()
    await Promise.all([work.news.heard('resumed', outage), work.workerNews.heard('resumed', outage)])
  }
  await work.answers(200)
  await work.drain()
  const told = ['suspended', 'resumed', 'suspended', 'resumed']
  expect(work.news.told).toEqual(told)
  expect(work.workerNews.told).toEqual(told)
})

test('connections are cut ten times under load: everybody goes on, nothing is lost', async () => {
  await using proxy = await startProxy(server)
  await using work = load({ url: proxy.url })
  for (let cut = 1; cut <= 10; cut++) {
    await work.answers(30)
    proxy.cut()
    await work.news.heard('resumed', cut)
  }
  await work.drain()
  expect(work.news.told).toHaveLength(20)
  expect(work.workerNews.errors).toEqual([])
})

test('SCRIPT FLUSH in a loop under load is noticed by nobody', async () => {
  await using work = load({ url: server.url })
  await work.answers(100)
  for (let flush = 0; flush < 100; flush++) await server.cli('SCRIPT', 'FLUSH')
  await work.answers(100)
  await work.drain()
  expect(work.refused).toEqual([])
  expect(work.news.told).toEqual([])
  expect(work.workerNews.errors).toEqual([])
})

test('a server that hangs for longer than the reply deadline is given up, and found again once it goes on', async () => {
  await using work = load({ url: server.url, replyTimeout: 200 })
  for (const outage of [1, 2]) {
    await work.answers(100)
    server.pause()
    await Promise.all([work.news.heard('suspended', outage), work.workerNews.heard('suspended', outage)])
    server.resume()
    await Promise.all([work.news.heard('resumed', outage), work.workerNews.heard('resumed', outage)])
  }
  await work.answers(100)
  await work.drain()
  expect(work.news.told).toEqual(['suspended', 'resumed', 'suspended', 'resumed'])
})

test('a server that hangs for ten seconds: a publish tells its outcome is unknown, and then all goes on', async () => {
  await using work = load({ url: server.url })
  const queue = queueAt({ url: server.url })
  const news = new News(queue)
  await queue.publish('first')
  await work.answers(50)
  server.pause()
  const began = performance.now()
  const error = await failureOf(queue.publish('a'))
  expect(performance.now() - began).toBeGreaterThan(9_900)
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect(news.told).toEqual(['suspended'])
  server.resume()
  await Promise.all([news.heard('resumed'), work.news.heard('resumed'), work.workerNews.heard('resumed')])
  await work.answers(100)
  await work.drain()
  expect(news.told).toEqual(['suspended', 'resumed'])
})
