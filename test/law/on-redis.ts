import type { OpenStore } from '../../src/store.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisOptions, startRedis } from '../support/redis-server.js'
import { makeUsers, storeByRole } from '../support/users.js'
import type { StoreUnderTest } from './scene.js'

export type Put = (key: string, value: string) => Promise<unknown>

/** Every queue has a clock key in its own slot, so that a cluster's scripts may read it. */
export function clocked(open: (clockKey: string) => OpenStore, put: Put): Pick<StoreUnderTest, 'openStore' | 'clock'> {
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

/** A server of its own, on which each verb is called as the user of its role. */
export async function asUsers(options: RedisOptions = {}): Promise<StoreUnderTest> {
  const server = await startRedis(options)
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
}
