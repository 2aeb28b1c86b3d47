import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { Queue } from '../../src/index.js'
import { Stage } from '../queue/stage.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { keyIn, queueAt, serverHere } from './kit.js'

/** ms of a blocking call; whatever waits for one takes that long. */
const BLOCKING = 5_000

let server: RedisServer

beforeEach(async () => {
  server = await serverHere()
})

const isBlocked = async (count: number): Promise<boolean> =>
  (await server.cli('INFO', 'clients')).includes(`blocked_clients:${count}\r\n`)

/** Resolves when so many workers wait for work on the server. */
const blocked = (count: number): Promise<void> => until(`${count} connections are blocked`, () => isBlocked(count))

/** ms from a publish to the start of its run. */
async function latency(queue: Queue, stage: Stage): Promise<number> {
  const began = performance.now()
  const next = stage.begun.length + 1
  const published = queue.publish(randomUUID())
  await stage.begins(next)
  await published
  return performance.now() - began
}

test('an idle queue adds no latency to another in the same process', async () => {
  const idle = queueAt({ url: server.url })
  const busy = queueAt({ url: server.url })
  idle.process(() => {})
  const stage = new Stage()
  stage.open()
  busy.process(stage.handler)
  await blocked(2)
  for (let i = 0; i < 20; i++) expect(await latency(busy, stage)).toBeLessThan(BLOCKING / 5)
})

test('twenty queues in one process, each with a worker: every one is woken by its own publish', async () => {
  const queues = Array.from({ length: 20 }, () => queueAt({ url: server.url }))
  const stages = queues.map((queue) => {
    const stage = new Stage()
    stage.open()
    queue.process(stage.handler)
    return stage
  })
  await blocked(20)
  const times = await Promise.all(queues.map((queue, i) => latency(queue, stages[i] as Stage)))
  expect(Math.max(...times)).toBeLessThan(BLOCKING / 5)
  // A connection for blocking calls and one for all else, each.
  expect(String(await server.cli('CLIENT', 'LIST')).match(/^id=/gm)).toHaveLength(41)
})

test('a worker that is idle for longer than a blocking call lasts is woken all the same', async () => {
  const queue = queueAt({ url: server.url })
  const stage = new Stage()
  stage.open()
  queue.process(stage.handler)
  await blocked(1)
  const calls = async (): Promise<number> =>
    Number(/cmdstat_blpop:calls=(\d+)/.exec(await server.cli('INFO', 'commandstats'))?.[1] ?? 0)
  const before = await calls()
  await until('the next blocking call', async () => (await calls()) > before)
  await blocked(1)
  expect(await latency(queue, stage)).toBeLessThan(BLOCKING / 5)
})

test('one publish wakes one of many idle workers, and as many publishes wake them all', async () => {
  const first = queueAt({ url: server.url })
  const others = Array.from({ length: 3 }, () => queueAt({ url: server.url }, { name: first.name }))
  const stages = [first, ...others].map((queue) => {
    const stage = new Stage()
    queue.process(stage.handler)
    return stage
  })
  await blocked(4)
  const began = performance.now()
  await first.publishMany(['a', 'b', 'c', 'd'])
  await Promise.all(stages.map((stage) => stage.begins(1)))
  expect(performance.now() - began).toBeLessThan(BLOCKING / 2)
  expect(stages.flatMap(({ ids }) => ids).sort()).toEqual(['a', 'b', 'c', 'd'])
  for (const stage of stages) stage.open()
  await first.idle()
})

test('a worker that is paused, or gone, takes no token from one that can work', async () => {
  const lazy = queueAt({ url: server.url })
  const keen = queueAt({ url: server.url }, { name: lazy.name })
  const worker = lazy.process(() => {
    throw new Error('paused')
  })
  await blocked(1)
  worker.pause()
  // Its blocking call, and the step behind it, are cut off.
  await blocked(0)
  const stage = new Stage()
  stage.open()
  keen.process(stage.handler)
  await blocked(1)
  expect(await latency(keen, stage)).toBeLessThan(BLOCKING / 2)
  await lazy.close()
  for (let i = 0; i < 5; i++) expect(await latency(keen, stage)).toBeLessThan(BLOCKING / 2)
})

test('a token that nobody can use stays for the next worker: the line is not forgotten', async () => {
  const queue = queueAt({ url: server.url })
  const worker = queue.process(() => {
    throw new Error('paused')
  })
  await blocked(1)
  worker.pause()
  await queue.publish('a')
  await until('the token is back', async () => (await server.cli('LLEN', keyIn(queue, 'wake'))) === (1 as never))
  const stage = new Stage()
  stage.open()
  queue.process(stage.handler)
  await stage.begins(1)
})
