import { createCluster } from 'redis'
import { expect, test } from 'vitest'
import { type BorrowedClient, wireOver } from '../../src/redis/borrowed.js'
import { startCluster } from '../support/redis-cluster.js'
import { ADMIN } from '../support/redis-server.js'
import { until } from '../support/until.js'

test('a twin of a cluster that is cut while it looks for its slots leaves no connection behind', async () => {
  await using cluster = await startCluster()
  /** Connections of others than the test itself. */
  const connections = async (): Promise<number> => {
    const lists = await Promise.all(cluster.nodes.map((node) => node.cli('CLIENT', 'LIST', 'TYPE', 'normal')))
    return lists
      .join('\n')
      .split('\n')
      .filter((line) => line !== '' && !line.includes(`user=${ADMIN.username} `)).length
  }
  const twin = createCluster({ rootNodes: [...cluster.rootNodes] })
  const { signal } = new AbortController()
  const wire = await wireOver(twin as unknown as BorrowedClient, true)(signal, signal)
  expect(await connections()).toBe(3)
  // What node-redis does when a node is missed, or a slot has moved.
  const { _slots } = twin as unknown as { _slots: { rediscover(): Promise<unknown> } }
  const looking = _slots.rediscover()
  wire.cut()
  await looking.catch(() => undefined)
  await until('no connection is left', async () => (await connections()) === 0)
})
