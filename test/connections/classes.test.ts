import { createClient } from 'redis'
import { beforeAll, describe, onTestFinished } from 'vitest'
import { createQueue, redisStore } from '../../src/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { playClasses } from './classes.js'
import { freshName, proxyHere, warmUp } from './kit.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis({ port: 'tcp' })
  await warmUp(server.url)
  return () => server.stop()
})

describe('over a client of our own', () =>
  playClasses({
    ours: true,
    async open(publishTimeout, clock) {
      const proxy = await proxyHere(server)
      const store = redisStore({ url: proxy.url, replyTimeout: 3_000, clock })
      return { proxy, queue: createQueue(freshName(), { store, publishTimeout }) }
    },
  }))

describe('over a borrowed client', () =>
  playClasses({
    ours: false,
    async open(publishTimeout, clock) {
      const proxy = await proxyHere(server)
      const client = createClient({ url: proxy.url })
      client.on('error', () => {})
      onTestFinished(() => client.destroy())
      await client.connect()
      const store = redisStore({ client, replyTimeout: 3_000, clock })
      return { proxy, queue: createQueue(freshName(), { store, publishTimeout }) }
    },
  }))
