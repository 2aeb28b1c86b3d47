import { createCluster, createSentinel, RESP_TYPES } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue } from '../../src/index.js'
import { freePort } from '../support/free-port.js'
import { startCluster } from '../support/redis-cluster.js'
import { startSentinel } from '../support/redis-sentinel.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { closedLater, failureOf, freshName, keyIn, durableServer as serverHere } from './kit.js'

const SLOW = { timeout: 60_000 }

const unconfirmed = {
  code: 'OUTCOME_UNKNOWN',
  message: expect.stringContaining('0 of 1 replicas confirmed it within 1500 ms'),
}

/** One more node of a cluster, the replica of `master`. */
async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const busPort = await freePort()
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', `${busPort}`]
  const replica = await serverHere({ port: 'tcp', args: [...args, '--repl-diskless-sync-delay', '0'] })
  const nodes = await master.cli('CLUSTER', 'NODES')
  const [, bus = ''] = /:\d+@(\d+)[^ ]* myself/.exec(nodes) ?? []
  await replica.cli('CLUSTER', 'MEET', '127.0.0.1', master.port ?? 0, bus)
  const id = await master.cli('CLUSTER', 'MYID')
  await until('it knows its master', async () => (await replica.cli('CLUSTER', 'REPLICATE', id)) === 'OK')
  await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
  await until('the cluster knows it', async () => String(await master.cli('CLUSTER', 'NODES')).includes(`slave ${id}`))
  return replica
}

test(
  'replicas in a cluster: the node of the queue is asked, its replica has what was answered, also after the two changed places',
  SLOW,
  async () => {
    await using cluster = await startCluster(3, ['--repl-diskless-sync-delay', '0'])
    const client = createCluster({ rootNodes: [...cluster.rootNodes] })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const open = (): Queue =>
      closedLater(createQueue(freshName(), { redis: client, durability: { replicas: 1, timeout: 1_500 } }))
    const queue = open()
    const home = await cluster.nodeOf(keyIn(queue, 'queued'))
    // No node has a replica yet, whatever the others have.
    expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'NOT_DURABLE' })
    const replica = await replicaOf(home)
    expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
    // One whose nodes map types: an answer of more than a text is read as any other.
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String }
    const defaults = { commandOptions: { typeMapping } } as object
    const mapping = createCluster({ rootNodes: [...cluster.rootNodes], defaults })
    mapping.on('error', () => {})
    onTestFinished(() => mapping.destroy())
    const mapped = closedLater(createQueue(queue.name, { redis: await mapping.connect(), durability: { replicas: 1 } }))
    expect(await mapped.publish('later', { delay: 60_000 })).toMatchObject({ dueAt: expect.any(Date) })
    expect((await mapped.publish('later')).dueAt?.getTime()).toBeGreaterThan(Date.now())
    expect(await mapped.clear()).toBe(2)
    expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
    replica.pause()
    onTestFinished(() => replica.resume())
    expect(await failureOf(queue.publish('b'))).toMatchObject(unconfirmed)
    replica.resume()
    await until('it answers', async () => (await failureOf(queue.publish('b'))) === undefined)
    const elsewhere = open()
    if ((await cluster.nodeOf(keyIn(elsewhere, 'queued'))) !== home) {
      expect(await failureOf(elsewhere.publish('a'))).toMatchObject({ code: 'NOT_DURABLE' })
    }
    await replica.cli('CLUSTER', 'FAILOVER')
    await until('they changed places', async () => (await replica.cli('INFO', 'replication')).includes('role:master'))
    await until('the old one follows', async () => (await home.cli('INFO', 'replication')).includes('link_status:up'))
    await until('it answers', async () => (await failureOf(queue.publish('c'))) === undefined)
    await until('both have it', async () => (await replica.cli('LLEN', keyIn(queue, 'queued'))) === (3 as never))
  },
)

test(
  'replicas behind a sentinel: whatever was answered survives the death of the master; after it, alone, nobody is told more than is so',
  SLOW,
  async () => {
    await using group = await startSentinel()
    const client = createSentinel({ name: group.name, sentinelRootNodes: [...group.sentinelRootNodes] })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    const durability = { replicas: 1, timeout: 1_500 }
    const queue = closedLater(createQueue(freshName(), { redis: client, publishTimeout: 20_000, durability }))
    const ids = Array.from({ length: 50 }, (_, i) => `${i}`)
    const answered: string[] = []
    await queue.ready()
    const publishing = Promise.all(
      ids.map(async (id) => {
        if ((await failureOf(queue.publish(id))) === undefined) answered.push(id)
      }),
    )
    await publishing
    expect(answered).toHaveLength(50)
    await group.failOver()
    const found = await queue.inspectMany(answered)
    expect(found.filter(({ state }) => state !== 'queued')).toEqual([])
    expect(await failureOf(queue.publish('alone'))).toMatchObject(unconfirmed)
    await group.first.restart()
    await until('it answers', async () => (await failureOf(queue.publish('again'))) === undefined)
  },
)
