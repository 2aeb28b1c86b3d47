import { randomBytes } from 'node:crypto'
import { createCluster } from 'redis'
import { onTestFinished } from 'vitest'
import { createQueue, type Queue, type QueueOptions, type RedisStoreOptions, redisStore } from '../../src/index.js'
import { keyOf, type Part } from '../../src/redis/keys.js'
import { type Script, scriptsFor } from '../../src/redis/scripts.js'
import { ALL_RULES, DURABLE_RULES } from '../support/access.js'
import type { ProxyTarget } from '../support/proxy-link.js'
import type { RedisCluster } from '../support/redis-cluster.js'
import { type RedisOptions, type RedisServer, startRedis } from '../support/redis-server.js'
import { type Match, startProxy, type TcpProxy } from '../support/tcp-proxy.js'

/** A server for one test. It goes after the queues that the test opens later: hooks of a test end in reverse order. */
export async function serverHere(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

/** The same, for `durability`: what it asks for besides. */
export function durableServer(options: RedisOptions = {}): Promise<RedisServer> {
  return serverHere({ rules: [...ALL_RULES, ...DURABLE_RULES], ...options })
}

export async function proxyHere(target: ProxyTarget): Promise<TcpProxy> {
  const proxy = await startProxy(target)
  onTestFinished(() => proxy.close())
  return proxy
}

/** A client of its caller's, over all nodes. */
export async function clusterClient({ rootNodes }: RedisCluster) {
  const client = createCluster({ rootNodes: [...rootNodes] })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  return client
}

/** A name no other test uses. */
export const freshName = (): string => `q${randomBytes(6).toString('hex')}`

/** A queue over a connection of its own, closed after the test. */
export function queueAt(redis: RedisStoreOptions, options: QueueOptions & { name?: string } = {}): Queue {
  const { name = freshName(), ...rest } = options
  return closedLater(createQueue(name, { store: redisStore(redis), ...rest }))
}

export function closedLater(queue: Queue): Queue {
  onTestFinished(() => queue.close({ timeout: 0 }))
  return queue
}

export const keyIn = (queue: Queue, part: Part): string => keyOf('convoy', queue.name, part)

/** Matches the calls of one script of this queue at a proxy. */
export function callOf(queue: Queue, script: Script['name']): Match {
  const { sha } = scriptsFor('convoy', queue.name)[script]
  return (args) => args[0] === 'EVALSHA' && args[1] === sha
}

/** What a queue tells of its server, in order, and a way to wait for it. */
export class News {
  readonly told: ('suspended' | 'resumed')[] = []
  readonly errors: Error[] = []
  readonly #lookers = new Set<() => void>()

  constructor(queue: Queue) {
    for (const name of ['suspended', 'resumed'] as const) {
      queue.on(name, () => {
        this.told.push(name)
        for (const look of [...this.#lookers]) look()
      })
    }
    queue.on('error', (error) => this.errors.push(error))
  }

  /** Resolves once this has been told `times` times since the beginning. */
  async heard(name: 'suspended' | 'resumed', times = 1): Promise<void> {
    const enough = (): boolean => this.told.filter((one) => one === name).length >= times
    if (enough()) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!enough()) return
        this.#lookers.delete(look)
        resolve()
      }
      this.#lookers.add(look)
    })
  }
}

/** Every script once, so that the first call of each is answered by more than NOSCRIPT. */
export async function warmUp(url: string): Promise<void> {
  const queue = createQueue(freshName(), { store: redisStore({ url }) })
  queue.process(() => {})
  await queue.publish('a')
  await queue.sweep()
  await queue.idle()
  await queue.withdraw(['a'])
  await queue.clear()
  await queue.close()
}

/** What is thrown, or `undefined`. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
