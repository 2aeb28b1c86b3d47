import { createCluster } from 'redis'
import { memoryStore } from '../src/memory/store.js'
import { redisStore } from '../src/redis/store.js'
import { asUsers, clocked, type Put } from './law/on-redis.js'
import { describeStore } from './law.js'
import { CLUSTER_RULES, ROLES } from './support/access.js'
import { startCluster } from './support/redis-cluster.js'
import { ADMIN } from './support/redis-server.js'
import { byRole, makeUsers, SECRET } from './support/users.js'

describeStore('the memory store', async () => {
  let now = 0
  return {
    openStore: memoryStore({ clock: () => now }),
    clock: {
      set: async (ms) => {
        now = ms
      },
    },
    close: async () => {},
  }
})

describeStore('the Redis store, each verb as the user of its role', asUsers)

describeStore("the Redis store over a caller's cluster, each verb as the user of its role", async () => {
  const cluster = await startCluster()
  await Promise.all(cluster.nodes.map((node) => makeUsers(node, CLUSTER_RULES)))
  const clientAs = (login: { username: string; password: string }) =>
    createCluster({ rootNodes: [...cluster.rootNodes], defaults: login }).on('error', () => {})
  const clients = new Map(ROLES.map((role) => [role, clientAs({ username: role, password: SECRET })]))
  const hand = clientAs(ADMIN)
  await Promise.all([hand, ...clients.values()].map((client) => client.connect()))
  const put: Put = (key, value) => hand.sendCommand(key, false, ['SET', key, value])
  return {
    ...clocked(
      (testClockKey) => byRole((role) => redisStore({ client: clients.get(role) as never, testClockKey })),
      put,
    ),
    close: async () => {
      for (const client of [hand, ...clients.values()]) client.destroy()
      await cluster.stop()
    },
  }
})
