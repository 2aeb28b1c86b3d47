import { createClientPool } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type QueueOptions, redisStore } from '../../src/index.js'
import { Latch } from '../support/latch.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { closedLater, durableServer, failureOf, freshName, keyIn, News, serverHere } from './kit.js'

interface Terms extends QueueOptions {
  readonly acquireTimeout: number
  readonly replyTimeout?: number
}

/** A queue over a pool of two. */
async function open({ url }: { readonly url: string }, terms: Terms) {
  const { acquireTimeout, replyTimeout = 5_000, ...options } = terms
  const pool = createClientPool({ url }, { minimum: 1, maximum: 2, acquireTimeout })
  pool.on('error', () => {})
  await pool.connect()
  onTestFinished(() => pool.destroy())
  const queue = closedLater(createQueue(freshName(), { store: redisStore({ client: pool, replyTimeout }), ...options }))
  await queue.publish('before')
  /** Its owner uses both. */
  const exhaust = async (): Promise<() => Promise<void>> => {
    const over = new Latch()
    const begun = new Latch(2)
    const uses = [1, 2].map(() =>
      pool.execute(async () => {
        begun.countDown()
        await over.wait
      }),
    )
    await begun.wait
    return async () => {
      over.open()
      await Promise.all(uses)
    }
  }
  return { pool, queue, news: new News(queue), exhaust }
}

/** A master and its replica, in step. */
async function masterAndReplica(): Promise<[master: RedisServer, replica: RedisServer]> {
  const quick = ['--repl-diskless-sync-delay', '0']
  const master = await durableServer({ port: 'tcp', args: quick })
  const replica = await durableServer({ port: 'tcp', args: [...quick, '--replicaof', '127.0.0.1', `${master.port}`] })
  await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
  return [master, replica]
}

const WAITS: readonly (readonly [what: string, acquireTimeout: number])[] = [
  ['gives up before us', 50],
  ['gives up after us', 10_000],
  ['never gives up', 0],
]

test.each(WAITS)(
  'both connections in use, and the pool %s: UNAVAILABLE in time, nothing runs later',
  async (_, acquireTimeout) => {
    const { queue, news, exhaust } = await open(await serverHere(), { acquireTimeout, publishTimeout: 400 })
    const free = await exhaust()
    const began = performance.now()
    expect(await failureOf(queue.publish('a'))).toMatchObject({ name: 'ConvoyError', code: 'UNAVAILABLE' })
    expect(performance.now() - began).toBeLessThan(1_000)
    await free()
    expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
    expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
    expect(await queue.stats()).toMatchObject({ queued: 2, totals: { published: 2 } })
    // The server is well.
    expect(news.told).toEqual([])
  },
)

test.each(WAITS)(
  'both in use for a while, and the pool %s: the call waits, and is no repetition',
  async (_, acquireTimeout) => {
    const { pool, queue, news, exhaust } = await open(await serverHere(), { acquireTimeout, publishTimeout: 20_000 })
    const free = await exhaust()
    const publish = queue.publish('a')
    await until('it waits', async () => pool.tasksQueueLength > 0)
    if (acquireTimeout === 50) await until('it was given up', async () => pool.tasksQueueLength === 0)
    await free()
    const verdict = await publish
    expect(verdict).toMatchObject({ outcome: 'queued', guaranteed: true })
    expect(verdict).not.toHaveProperty('repeated')
    expect(news.told).toEqual([])
  },
)

test('both in use for longer than the reply deadline: told as an outage, and over when one is free', async () => {
  const terms = { acquireTimeout: 0, replyTimeout: 200, publishTimeout: 700 }
  const { queue, news, exhaust } = await open(await serverHere(), terms)
  const free = await exhaust()
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  await free()
  await news.heard('resumed')
  expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('with { replicas }: what found no connection is UNAVAILABLE, and does not run later', async () => {
  const [master] = await masterAndReplica()
  const terms = { acquireTimeout: 0, publishTimeout: 2_000, durability: { replicas: 1 } }
  const { queue, exhaust } = await open(master, terms)
  const free = await exhaust()
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  await free()
  expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
  expect(await master.cli('LLEN', keyIn(queue, 'queued'))).toBe(2)
})

test('with { replicas }: a connection that still waits for them is lent to nobody, though the call was refused', async () => {
  const [master, replica] = await masterAndReplica()
  const terms = { acquireTimeout: 0, publishTimeout: 20_000, durability: { replicas: 1, timeout: 20_000 } }
  const { pool, queue } = await open(master, terms)
  replica.pause()
  onTestFinished(() => replica.resume())
  // The script breaks off at this key, and what the replica has not heard of yet is waited for behind it.
  await master.cli('SET', keyIn(queue, 'committed'), 'spoilt')
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'WRONG_KEY' })
  const waits = async (): Promise<boolean> => / flags=b .* cmd=wait /.test(await master.cli('CLIENT', 'LIST'))
  expect(await waits()).toBe(true)
  // Its owner may use two, and one is left: that does both.
  expect(await Promise.all([pool.exists('another'), pool.exists('another')])).toEqual([0, 0])
  expect(await waits()).toBe(true)
  replica.resume()
  await until('it is over', async () => !(await waits()))
})
