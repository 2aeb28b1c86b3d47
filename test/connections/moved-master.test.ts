import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue } from '../../src/index.js'
import { rawCommand } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { closedLater, failureOf, freshName, News, proxyHere, queueAt, serverHere } from './kit.js'

const QUICK = ['--repl-diskless-sync-delay', '0']

/** A master and its replica, in step. */
async function pair(): Promise<[master: RedisServer, replica: RedisServer]> {
  const master = await serverHere({ port: 'tcp', args: QUICK })
  const replica = await serverHere({ port: 'tcp', args: [...QUICK, '--replicaof', '127.0.0.1', `${master.port}`] })
  await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
  return [master, replica]
}

/** The two change places. Redis keeps the connections of its clients. */
async function changePlaces(master: RedisServer, replica: RedisServer): Promise<void> {
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  await master.cli('REPLICAOF', '127.0.0.1', `${replica.port}`)
}

function atWork(queue: Queue): string[] {
  const ran: string[] = []
  queue.process(({ id }) => {
    ran.push(id)
  })
  return ran
}

test('READONLY behind a name that was moved: publisher and worker, busy or idle, dial anew and go on with the new master', async () => {
  const [first, second] = await pair()
  const proxy = await proxyHere(first)
  const queue = queueAt({ url: proxy.url })
  const news = new News(queue)
  const ran = atWork(queue)
  await queue.publish('a')
  await queue.idle()
  expect(await first.cli('WAIT', 1, 0)).toBe(1)
  proxy.moveTo(second)
  await changePlaces(first, second)
  // Nothing was cut: what is connected leads to the old master.
  expect(await queue.publish('b')).toMatchObject({ outcome: 'queued', was: 'absent' })
  await queue.idle()
  expect(ran).toEqual(['a', 'b'])
  expect(news.told).toEqual(['suspended', 'resumed'])
  // The worker's blocking connection has moved, too: a wake-up reaches it before it looks for itself, 5 s later.
  const began = performance.now()
  await queue.publish('c')
  await until('c ran', async () => ran.includes('c'))
  expect(performance.now() - began).toBeLessThan(4_000)
  expect(news.errors).toEqual([])
})

test('READONLY that lasts is told once as an outage, dialled with growing pauses, and over with the promotion', async () => {
  const [first, second] = await pair()
  const proxy = await proxyHere(second)
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 1_500 })
  const news = new News(queue)
  const ran = atWork(queue)
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('READONLY'),
  })
  // Whoever comes later is told the same at his deadline: nothing was sent.
  expect(await failureOf(queue.publish('b'))).toMatchObject({ code: 'REFUSED' })
  expect(news.told).toEqual(['suspended'])
  // Three seconds at 20, 40, 80 … 1,000 ms; a dial without a pause would be hundreds.
  expect(proxy.accepted).toBeLessThan(25)
  await first.kill()
  await second.cli('REPLICAOF', 'NO', 'ONE')
  await news.heard('resumed')
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
  await queue.idle()
  expect(ran).toEqual(['a'])
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('MASTERDOWN: a replica without its master is given up for whoever is behind the name then', async () => {
  const [first, second] = await pair()
  const third = await serverHere({ port: 'tcp' })
  await second.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
  await first.kill()
  await until('the link is down', async () => (await second.cli('INFO', 'replication')).includes('link_status:down'))
  const proxy = await proxyHere(second)
  const queue = queueAt({ url: proxy.url })
  const news = new News(queue)
  const publish = queue.publish('a')
  await news.heard('suspended')
  proxy.moveTo(third)
  expect(await publish).toMatchObject({ outcome: 'queued' })
  expect(news.told).toEqual(['suspended', 'resumed'])
})

/** Its publishes wait for a master that has replicas; it answers, and would for ever. */
async function withoutReplicas(): Promise<RedisServer> {
  const server = await serverHere({ port: 'tcp' })
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
  return server
}

/** It reads its data, 4 s long. */
async function loading(): Promise<{ readonly port: number }> {
  const first = await serverHere({ port: 'tcp' })
  const { dir, port = 0 } = first
  await first.cli('MSET', ...Array.from({ length: 4_000 }, (_, i) => [`key:${i}`, 'x']).flat())
  await first.cli('SAVE')
  await first.kill()
  const args = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']
  const starting = startRedis({ port, dir, args })
  onTestFinished(async () => (await starting).stop())
  const ping = (): Promise<string> => rawCommand(first, ['PING'])
  await until('it loads', async () => String(await failureOf(ping())).includes('LOADING'))
  return { port }
}

test.each([
  ['NOREPLICAS', withoutReplicas],
  ['LOADING', loading],
])(
  '%s that lasts longer than the reply deadline: the wire is dialled anew, and may lead elsewhere',
  async (_, stuck) => {
    const other = await serverHere({ port: 'tcp' })
    const proxy = await proxyHere(await stuck())
    const queue = queueAt({ url: proxy.url, replyTimeout: 400 })
    const news = new News(queue)
    const publish = queue.publish('a')
    await news.heard('suspended')
    proxy.moveTo(other)
    expect(await publish).toMatchObject({ outcome: 'queued' })
    expect(news.told).toEqual(['suspended', 'resumed'])
  },
)

test('READONLY on a borrowed client is told as an outage; its connection, which is not ours to cut, is used again once it takes writes', async () => {
  const [first, second] = await pair()
  const client = createClient({ url: first.url })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  const queue = closedLater(createQueue(freshName(), { redis: client }))
  const news = new News(queue)
  const ran = atWork(queue)
  await queue.publish('a')
  await queue.idle()
  await changePlaces(first, second)
  const publish = queue.publish('b')
  await news.heard('suspended')
  expect(await client.exists('another')).toBe(0)
  await second.cli('REPLICAOF', '127.0.0.1', `${first.port}`)
  await first.cli('REPLICAOF', 'NO', 'ONE')
  expect(await publish).toMatchObject({ outcome: 'queued' })
  await queue.idle()
  expect(ran).toEqual(['a', 'b'])
  expect(news.told).toEqual(['suspended', 'resumed'])
})
