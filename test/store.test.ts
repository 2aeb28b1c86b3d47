import { createCluster } from 'redis'
import { memoryStore } from '../src/memory/store.js'
import { redisStore } from '../src/redis/store.js'
import type { OpenStore } from '../src/store.js'
import type { StoreUnderTest } from './law/scene.js'
import { describeStore } from './law.js'
import { rawClient } from './support/raw-command.js'
import { startCluster } from './support/redis-cluster.js'
import { startRedis } from './support/redis-server.js'
import { makeUsers, storeByRole } from './support/users.js'

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

describeStore("the Redis store over a caller's cluster", async () => {
  const { rootNodes, stop } = await startCluster()
  const client = createCluster({ rootNodes: [...rootNodes] })
  client.on('error', () => {})
  await client.connect()
  const put: Put = (key, value) => client.sendCommand(key, false, ['SET', key, value])
  return {
    ...clocked((testClockKey) => redisStore({ client, testClockKey }), put),
    close: async () => {
      client.destroy()
      await stop()
    },
  }
})
