import { expect, test } from 'vitest'
import type { Queue, Worker } from '../../src/index.js'
import { Stage } from '../queue/stage.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { keyIn, News, queueAt, serverHere } from './kit.js'

/** What refuses a worker's steps may pass: then it goes on by itself. */
async function scene(options: { lease?: number } = {}) {
  const server = await serverHere()
  const queue = queueAt({ url: server.url }, options)
  const stage = new Stage()
  const news = new News(queue)
  const worker = queue.process(stage.handler)
  await queue.publish('before')
  await stage.begins(1)
  stage.end('before')
  await queue.idle()
  return { server, queue, stage, news, worker }
}

/** As if a later step of this worker had come before, on each of its lanes: all are refused, for good. */
async function bar(server: RedisServer, queue: Queue, { name }: Worker): Promise<() => Promise<unknown>> {
  const lanes = [0, 1, 2].map((lane) => `${name}:${lane}`)
  const later = `${Number.MAX_SAFE_INTEGER}|${Date.now()}|||`
  const steps = keyIn(queue, 'steps')
  await server.cli('HSET', steps, ...lanes.flatMap((lane) => [lane, later]))
  return () => server.cli('HDEL', steps, ...lanes)
}

test('an idle worker whose key holds something else for a while tells it, and goes on once that is gone', async () => {
  const { server, queue, stage, news } = await scene()
  stage.open()
  await server.cli('SET', keyIn(queue, 'steps'), 'x')
  await queue.publish('a')
  await until('it is told', async () => news.errors.length > 0)
  await server.cli('DEL', keyIn(queue, 'steps'))
  await queue.idle()
  expect(stage.ids).toEqual(['before', 'a'])
  for (const error of news.errors) expect(error).toMatchObject({ code: 'WRONG_KEY' })
})

test('an idle worker that is refused for good asks again, and goes on once it is let', async () => {
  const { server, queue, stage, news, worker } = await scene()
  stage.open()
  const unbar = await bar(server, queue, worker)
  await queue.publish('a')
  await until('it has asked more than once', async () => news.errors.length > 1)
  expect(stage.ids).toEqual(['before'])
  await unbar()
  await queue.idle()
  expect(stage.ids).toEqual(['before', 'a'])
  for (const error of news.errors) {
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('STALE') })
  }
})

test('what a refused step was to settle runs again, once its lease has lapsed', async () => {
  const { server, queue, stage, news, worker } = await scene({ lease: 500 })
  await queue.publish('a')
  await stage.begins(2)
  const unbar = await bar(server, queue, worker)
  stage.end('a')
  await until('it is told', async () => news.errors.length > 0)
  await unbar()
  queue.jamGuard({ every: 50 })
  await stage.begins(3)
  stage.end('a')
  await queue.idle()
  expect(stage.ids).toEqual(['before', 'a', 'a'])
  expect((await queue.stats()).totals).toMatchObject({ done: 2, jammed: 1 })
})
