import { createCluster } from 'redis'
import { memoryStore } from '../src/memory/store.js'
import { redisStore } from '../src/redis/store.js'
import type { OpenStore } from '../src/store.js'
import type { StoreUnderTest } from './law/scene.js'
import { describeStore } from './law.js'
import { CLUSTER_RULES, ROLES } from './support/access.js'
import { rawClient } from './support/raw-command.js'
import { startCluster } from './support/redis-cluster.js'
import { ADMIN, startRedis } from './support/redis-server.js'
import { byRole, makeUsers, SECRET, storeByRole } from './support/users.js'

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

type Put = (key: string, value: string) => Promise<unknown>

/** Every queue has a clock key in its own slot, so that a cluster's scripts may read it. */
function clocked(open: (clockKey: string) => OpenStore, put: Put): Pick<StoreUnderTest, 'openStore' | 'clock'> {
  const keys = new Set<string>()
  return {
    openStore: (place) => {
      const key = `${place.prefix}:{${place.name}}:clock`
      keys.add(key)
      return open(key)(place)
    },
    clock: {
      set: async (ms) => {
        await Promise.all(Array.from(keys, (key) => put(key, `${ms}000`)))
      },
    },
  }
}

describeStore('the Redis store, each verb as the user of its role', async () => {
  const server = await startRedis()
  await makeUsers(server)
  const raw = rawClient(server)
  await raw.connect()
  const put: Put = (key, value) => raw.sendCommand(['SET', key, value])
  return {
    ...clocked((testClockKey) => storeByRole(server.url, testClockKey), put),
    close: async () => {
      raw.destroy()
      await server.stop()
    },
  }
})

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
