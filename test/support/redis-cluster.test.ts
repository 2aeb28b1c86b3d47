import { createCluster } from 'redis'
import { expect, test } from 'vitest'
import { startCluster } from './redis-cluster.js'
import { ADMIN } from './redis-server.js'

test('a cluster of three masters holds every slot, and a cluster client finds each key', async () => {
  await using cluster = await startCluster()
  expect(cluster.nodes).toHaveLength(3)
  for (const node of cluster.nodes) {
    const info = await node.cli('CLUSTER', 'INFO')
    expect(info).toContain('cluster_state:ok')
    expect(info).toContain('cluster_slots_assigned:16384')
  }
  const client = createCluster({ rootNodes: [...cluster.rootNodes], defaults: ADMIN })
  client.on('error', () => {})
  await client.connect()
  const homes = new Set<number>()
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await client.set(`{${name}}:key`, name)
    const node = await cluster.nodeOf(`{${name}}:key`)
    expect(await node.cli('GET', `{${name}}:key`)).toBe(name)
    homes.add(node.pid)
  }
  expect(homes.size).toBe(3)
  client.destroy()
})
