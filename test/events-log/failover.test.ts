import { createCluster, createSentinel } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { events, listen, type QueueEvent } from '../../src/events-log/index.js'
import { createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import { publishAndWait } from '../../src/wait/index.js'
import { closedLater, freshName, keyIn, proxyHere, queueAt, serverHere } from '../connections/kit.js'
import { type RedisCluster, startCluster } from '../support/redis-cluster.js'
import { startSentinel } from '../support/redis-sentinel.js'
import { ADMIN } from '../support/redis-server.js'
import { until } from '../support/until.js'

const LIMITS = { timeout: 120_000 }
const OPTIONS = { publishTimeout: 30_000, keepResult: 60_000 }

/** What a listener hears, as it comes. */
class Heard {
  readonly told: string[] = []

  async by(queue: Queue): Promise<void> {
    const hear = ({ kind, ...rest }: QueueEvent): void => {
      this.told.push('ids' in rest ? `${kind} ${rest.ids.join()}` : kind)
    }
    const ears = await listen(queue, { queued: hear, started: hear, done: hear, gap: hear })
    onTestFinished(() => ears.close())
  }

  has(...told: string[]): Promise<void> {
    return until(`${told} is heard`, async () => told.every((one) => this.told.includes(one)), 30_000)
  }
}

/** Listens and waits while `failOver` puts another master in the old one's place. */
async function survive(open: (more?: QueueOptions) => Queue, failOver: () => Promise<unknown>): Promise<void> {
  const queue = open()
  const heard = new Heard()
  await heard.by(queue)
  const other = closedLater(open())
  await other.publish('before')
  await heard.has('queued before')

  // No worker yet: it waits through the failover, and learns of its end from a subscription to another server, or by a look.
  const wait = publishAndWait(queue, 'waited for', { timeout: 60_000 })
  await heard.has('queued waited for')
  await failOver()
  await other.publish('after')
  // Without a journal nobody knows what was sent meanwhile: that is told.
  await heard.has('gap')
  other.process(({ id }) => `was ${id}`)
  expect(await wait).toMatchObject({ result: 'was waited for', run: 'next' })
  await other.idle()
  await until(
    'messages come again',
    async () => {
      const id = `again ${heard.told.length}`
      await other.publish(id)
      await other.idle()
      return heard.told.slice(heard.told.indexOf('gap')).some((one) => one.startsWith('done again'))
    },
    40_000,
  )
  expect(await publishAndWait(queue, 'at last', { timeout: 30_000 })).toMatchObject({ result: 'was at last' })
}

test(
  'over a cluster messages come; its master dies, and the subscription is back at the one that follows it',
  LIMITS,
  async () => {
    await using cluster = await startCluster(3, [], 1)
    const client = createCluster({ rootNodes: [...cluster.rootNodes] })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    await client.connect()
    const name = freshName()
    const open = (more: QueueOptions = {}): Queue => createQueue(name, { redis: client, ...OPTIONS, ...more }) as Queue
    const home = await cluster.nodeOf(keyIn(open(), 'events'))
    const replica = cluster.replicas[cluster.nodes.indexOf(home)]
    await survive(open, async () => {
      expect(await home.cli('WAIT', 1, 0)).toBe(1)
      await home.kill()
      await until('the replica is master', async () =>
        ((await replica?.cli('INFO', 'replication')) ?? '').includes('role:master'),
      )
    })
  },
)

test('of a queue at each node of a cluster every message is heard', LIMITS, async () => {
  await using cluster = await startCluster()
  const client = createCluster({ rootNodes: [...cluster.rootNodes] })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  const homes = new Set<number>()
  while (homes.size < 3) {
    await using queue = createQueue(freshName(), { redis: client, ...OPTIONS })
    homes.add((await cluster.nodeOf(keyIn(queue, 'events'))).pid)
    const heard: string[] = []
    const told = (async () => {
      for await (const event of events(queue)) {
        if (event.kind === 'gap') continue
        heard.push(`${event.position} ${event.kind} ${event.ids}`)
        if (event.kind === 'done') return
      }
    })()
    await until('somebody listens', async () => (await client.exists(keyIn(queue, 'listening'))) === 1)
    await queue.publish('a')
    await until('it was heard', async () => heard.length === 1)
    queue.process(() => 1)
    await told
    expect(heard).toEqual(['1 queued a', '2 started a', '3 done a'])
  }
})

test(
  'over a sentinel messages come; its master dies, and the subscription is back at its replica',
  LIMITS,
  async () => {
    await using group = await startSentinel()
    const client = createSentinel({ name: group.name, sentinelRootNodes: [...group.sentinelRootNodes] })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    const name = freshName()
    const open = (more: QueueOptions = {}): Queue => createQueue(name, { redis: client, ...OPTIONS, ...more }) as Queue
    await survive(open, async () => {
      expect(await group.first.cli('WAIT', 1, 0)).toBe(1)
      await group.failOver()
    })
  },
)

/** With all its keys, to the node after the one that has it. */
async function moveSlot(cluster: RedisCluster, queue: Queue): Promise<void> {
  const key = keyIn(queue, 'events')
  const from = await cluster.nodeOf(key)
  const to = cluster.nodes[(cluster.nodes.indexOf(from) + 1) % cluster.nodes.length] ?? from
  const slot = await from.cli<number>('CLUSTER', 'KEYSLOT', key)
  const target = await to.cli('CLUSTER', 'MYID')
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await from.cli('CLUSTER', 'MYID'))
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
  const keys = await from.cli<string[]>('CLUSTER', 'GETKEYSINSLOT', slot, 100)
  const auth = ['AUTH2', ADMIN.username, ADMIN.password]
  await from.cli('MIGRATE', '127.0.0.1', to.port ?? 0, '', 0, 5_000, ...auth, 'KEYS', ...keys)
  for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', target)
}

test(
  'a subscription is cut, then its slot moves: each time it is told that something was missed, and messages come',
  LIMITS,
  async () => {
    await using cluster = await startCluster()
    const client = createCluster({ rootNodes: [...cluster.rootNodes] })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    await client.connect()
    const queue = closedLater(createQueue(freshName(), { redis: client, ...OPTIONS }) as Queue)
    const heard = new Heard()
    await heard.by(queue)
    await queue.publish('before')
    await heard.has('queued before')
    const home = await cluster.nodeOf(keyIn(queue, 'events'))
    // The client subscribes again by itself.
    expect(await home.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)
    await heard.has('gap')
    await queue.publish('between')
    await heard.has('queued between')
    heard.told.length = 0
    await moveSlot(cluster, queue)
    await heard.has('gap')
    await queue.publish('after')
    await heard.has('queued after')
  },
)

test(
  'a server that hangs keeps its subscribers: once its name leads to another, that one is heard',
  LIMITS,
  async () => {
    const first = await serverHere({ port: 'tcp' })
    const second = await serverHere({ port: 'tcp' })
    const proxy = await proxyHere(first)
    const queue = queueAt({ url: proxy.url, replyTimeout: 1_000 }, OPTIONS)
    const heard = new Heard()
    await heard.by(queue)
    await queue.publish('before')
    await heard.has('queued before')
    first.pause()
    proxy.moveTo(second)
    await heard.has('gap')
    await queue.publish('after')
    await heard.has('queued after')
  },
)
