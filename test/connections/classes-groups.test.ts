import { createClientPool, createCluster, createSentinel } from 'redis'
import { beforeAll, describe, onTestFinished } from 'vitest'
import { createQueue, type RedisStoreOptions, redisStore } from '../../src/index.js'
import type { Clock } from '../../src/time.js'
import { startCluster } from '../support/redis-cluster.js'
import { startSentinel } from '../support/redis-sentinel.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { playClasses } from './classes.js'
import { freshName, keyIn } from './kit.js'

/** Before each of these servers one proxy, for all tests of a group. */
class Proxies {
  readonly #byPort = new Map<number, TcpProxy>()

  static async before(servers: readonly RedisServer[]): Promise<Proxies> {
    const proxies = new Proxies()
    for (const server of servers) proxies.#byPort.set(server.port ?? 0, await startProxy(server))
    return proxies
  }

  of(server: RedisServer): TcpProxy {
    return this.#byPort.get(server.port ?? 0) as TcpProxy
  }

  /** For node-redis, which is told where the servers themselves are. It asks of sentinels as well: they have none. */
  readonly addressMap = (address: string): { host: string; port: number } => {
    const port = Number(address.split(':').at(-1))
    return { host: '127.0.0.1', port: this.#byPort.get(port)?.port ?? port }
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#byPort.values(), (proxy) => proxy.close()))
  }
}

const queueOver = (client: NonNullable<RedisStoreOptions['client']>, publishTimeout: number, clock: Clock) =>
  createQueue(freshName(), { store: redisStore({ client, replyTimeout: 3_000, clock }), publishTimeout })

describe('over a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>
  let proxies: Proxies
  beforeAll(async () => {
    cluster = await startCluster()
    proxies = await Proxies.before(cluster.nodes)
    return () => Promise.all([proxies.close(), cluster.stop()])
  })

  playClasses({
    ours: false,
    async open(publishTimeout, clock) {
      const rootNodes = cluster.nodes.map((node) => ({ url: proxies.of(node).url }))
      const client = createCluster({ rootNodes, nodeAddressMap: proxies.addressMap })
      client.on('error', () => {})
      onTestFinished(() => client.destroy())
      await client.connect()
      const queue = queueOver(client, publishTimeout, clock)
      return { queue, proxy: proxies.of(await cluster.nodeOf(keyIn(queue, 'queued'))) }
    },
  })
})

describe('over a sentinel', () => {
  let group: Awaited<ReturnType<typeof startSentinel>>
  let proxies: Proxies
  beforeAll(async () => {
    group = await startSentinel()
    proxies = await Proxies.before([group.first, group.second])
    return () => Promise.all([proxies.close(), group.stop()])
  })

  playClasses({
    ours: false,
    async open(publishTimeout, clock) {
      const sentinelRootNodes = [...group.sentinelRootNodes]
      const client = createSentinel({ name: group.name, sentinelRootNodes, nodeAddressMap: proxies.addressMap })
      client.on('error', () => {})
      onTestFinished(async () => void (await client.destroy()))
      await client.connect()
      return { queue: queueOver(client, publishTimeout, clock), proxy: proxies.of(group.first) }
    },
  })
})

describe('over a pool', () => {
  let server: RedisServer
  let proxy: TcpProxy
  beforeAll(async () => {
    server = await startRedis({ port: 'tcp' })
    proxy = await startProxy(server)
    return () => Promise.all([proxy.close(), server.stop()])
  })

  playClasses({
    ours: false,
    async open(publishTimeout, clock) {
      const pool = createClientPool({ url: proxy.url }, { minimum: 1, maximum: 2 })
      pool.on('error', () => {})
      onTestFinished(() => pool.destroy())
      await pool.connect()
      return { queue: queueOver(pool, publishTimeout, clock), proxy }
    },
  })
})
