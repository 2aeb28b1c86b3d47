import { createSentinel } from 'redis'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type ConvoyError, createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import { type RedisSentinel, startSentinel } from '../support/redis-sentinel.js'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { callOf, closedLater, failureOf, freshName } from './kit.js'

// What a sentinel's client meets, and by itself would send again: here nothing goes out twice, and nothing late.

let group: RedisSentinel
/** Before the master and the replica as they began. */
let proxies: readonly [TcpProxy, TcpProxy]

beforeEach(async () => {
  group = await startSentinel()
  onTestFinished(() => group.stop())
  proxies = [await startProxy(group.first), await startProxy(group.second)]
  onTestFinished(async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))))
}, 60_000)

function sentinelClient() {
  const [first, second] = proxies
  const client = createSentinel({
    name: group.name,
    sentinelRootNodes: [...group.sentinelRootNodes],
    nodeAddressMap: (address) => {
      const port = Number(address.split(':').at(-1))
      const proxy = port === group.first.port ? first : port === group.second.port ? second : undefined
      return { host: '127.0.0.1', port: proxy?.port ?? port }
    },
  })
  client.on('error', () => {})
  onTestFinished(async () => void (await client.destroy()))
  return client
}

function over(client: object, { name = freshName(), ...options }: QueueOptions & { name?: string } = {}): Queue {
  return closedLater(createQueue(name, { redis: client, ...options }))
}

test('with { replicas }: a publish whose answer is lost is told as repeated, not that it met itself', async () => {
  const queue = over(sentinelClient(), { durability: { replicas: 1 }, publishTimeout: 20_000 })
  await queue.publish('before')
  const lost = proxies[0].dropReply(callOf(queue, 'publish'))
  expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate', was: 'queued', repeated: true })
  await lost
  // Sent by us alone: once, and once more.
  expect((await queue.stats()).totals).toMatchObject({ published: 3, duplicates: 1 })
})

test('with { replicas }: so is one whose WAIT was cut off', async () => {
  const queue = over(sentinelClient(), { durability: { replicas: 1 }, publishTimeout: 20_000 })
  await queue.publish('before')
  const lost = proxies[0].dropReply('WAIT')
  expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate', was: 'queued', repeated: true })
  await lost
})

test('READONLY for longer than one waits: REFUSED, and nothing runs when the master is found', async () => {
  const client = sentinelClient()
  const queue = over(client, { publishTimeout: 20_000 })
  const hasty = over(client, { name: queue.name, publishTimeout: 1_500 })
  await queue.publish('before')
  // The sentinels still take it for the master.
  await group.first.cli('REPLICAOF', '127.0.0.1', `${group.second.port}`)
  expect(await failureOf(hasty.publish('a'))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('READONLY'),
  })
  await group.first.cli('REPLICAOF', 'NO', 'ONE')
  await until('it takes writes', async () => (await failureOf(queue.publish('b'))) === undefined)
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
  expect((await queue.stats()).totals).toMatchObject({ published: 2, duplicates: 0 })
})

test('a failover: who gives up before a new master is found is told UNAVAILABLE, and nothing of it runs later; who waits longer is served', async () => {
  const client = sentinelClient()
  const queue = over(client, { publishTimeout: 20_000 })
  const hasty = over(client, { name: queue.name, publishTimeout: 300 })
  await hasty.ready()
  await queue.publish('before')
  expect(await group.first.cli('WAIT', 1, 0)).toBe(1)
  await group.first.kill()
  let served = false
  const patient = queue.publish('patient').finally(() => {
    served = true
  })
  const told = new Map<string, string | undefined>()
  for (let i = 0; !served; i++) {
    const error = (await failureOf(hasty.publish(`${i}`))) as ConvoyError | undefined
    told.set(`${i}`, error?.code)
  }
  expect(await patient).toMatchObject({ outcome: 'queued' })
  expect(await queue.publish('after')).toMatchObject({ outcome: 'queued' })
  const idsOf = (code: string): string[] => [...told.keys()].filter((id) => told.get(id) === code)
  expect(idsOf('UNAVAILABLE').length).toBeGreaterThan(0)
  const states = await queue.inspectMany(idsOf('UNAVAILABLE'))
  expect(states.filter(({ state }) => state !== 'absent')).toEqual([])
})
