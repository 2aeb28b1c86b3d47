import { createCluster } from 'redis'
import { expect, test } from 'vitest'
import { type BorrowedClient, wireOver } from '../../src/redis/borrowed.js'
import { type RedisCluster, startCluster } from '../support/redis-cluster.js'
import { ADMIN } from '../support/redis-server.js'
import { until } from '../support/until.js'

const { signal } = new AbortController()

/** Connections of others than the test itself. */
async function connections(cluster: RedisCluster): Promise<number> {
  const lists = await Promise.all(cluster.nodes.map((node) => node.cli('CLIENT', 'LIST')))
  return lists
    .join('\n')
    .split('\n')
    .filter((line) => line !== '' && !/ flags=[SM]/.test(line) && !line.includes(`user=${ADMIN.username} `)).length
}

const twinOf = (cluster: RedisCluster) => createCluster({ rootNodes: [...cluster.rootNodes] })

test('a twin of a cluster that is cut while it looks for its slots leaves no connection behind', async () => {
  await using cluster = await startCluster()
  const twin = twinOf(cluster)
  const wire = await wireOver(twin as unknown as BorrowedClient, true)(signal, signal)
  expect(await connections(cluster)).toBe(3)
  // What node-redis does when a node is missed, or a slot has moved.
  const { _slots } = twin as unknown as { _slots: { rediscover(): Promise<unknown> } }
  const looking = _slots.rediscover()
  wire.cut()
  await looking.catch(() => undefined)
  await until('no connection is left', async () => (await connections(cluster)) === 0)
})

test('nor does one that is cut while it subscribes', async () => {
  await using cluster = await startCluster()
  const wire = await wireOver(twinOf(cluster) as unknown as BorrowedClient, true)(signal, signal)
  const hearing = wire.hear?.('channel', () => {})
  wire.cut()
  await hearing?.catch(() => undefined)
  await until('no connection is left', async () => (await connections(cluster)) === 0)
})
