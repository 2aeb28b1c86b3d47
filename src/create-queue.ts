import { checkName } from './check.js'
import { checkDurability } from './durability.js'
import { ConvoyError } from './errors.js'
import { memoryStore, sharedMemoryStore } from './memory/store.js'
import { check, type QueueOptions } from './options.js'
import type { Serializer } from './payload.js'
import { PublishTerms } from './publish-options.js'
import { Queue } from './queue.js'
import type { BorrowedClient } from './redis/borrowed.js'
import { redisStore } from './redis/store.js'
import { type CheckedRunOptions, runSettings } from './run-options.js'
import type { OpenStore } from './store.js'
import { type Clock, show, systemClock } from './time.js'

/**
 * A queue by its name: every process that makes one with the same name, prefix and server shares it. Does no I/O.
 * Throws BAD_NAME and BAD_OPTION.
 */
export function createQueue<Payload = void, Result = unknown>(
  name: string,
  options?: QueueOptions<Payload, Result>,
): Queue<Payload, Result> {
  const settings = check<
    CheckedRunOptions & {
      store?: unknown
      redis?: unknown
      prefix: string
      publishTimeout: number
      lease: number
      maxJams: number
      keepFailed: number
      durability: unknown
      serializer: Serializer<unknown>
      resultSerializer: Serializer<unknown>
      dedupe: unknown
      maxLength: number
      waitForRoom: number
      clock?: Clock
    }
  >('createQueue', options)
  const terms = new PublishTerms(settings)
  const runs = runSettings(settings, options, terms.policies)
  return new Queue<Payload, Result>({
    ...settings,
    ...runs,
    ...(runs.delivery === 'at-most-once' ? { maxJams: 0 } : {}),
    terms,
    name: checkName('queue name', name),
    prefix: checkName('prefix', settings.prefix),
    durability: checkDurability(settings.durability),
    clock: settings.clock ?? systemClock,
    openStore: storeOf(settings.store, settings.redis),
  })
}

function storeOf(store: unknown, client: unknown): OpenStore {
  if (client !== undefined) {
    if (store !== undefined) throw new ConvoyError('BAD_OPTION', 'createQueue: give either store or redis, not both')
    if (typeof client !== 'object' || client === null) {
      const given = typeof client === 'string' ? 'a text; a URL is given as store' : show(client)
      throw new ConvoyError('BAD_OPTION', `createQueue: redis: expected a node-redis client, not ${given}`)
    }
    return redisStore({ client: client as BorrowedClient })
  }
  if (store === memoryStore || store === redisStore) {
    throw new ConvoyError('BAD_OPTION', 'createQueue: store: call it: memoryStore(), redisStore({ … })')
  }
  if (typeof store === 'function') return store as OpenStore
  const url = store !== undefined ? store : defaultUrl()
  if (typeof url !== 'string')
    throw new ConvoyError(
      'BAD_OPTION',
      `createQueue: store: expected a URL, memoryStore() or redisStore(), not ${show(url)}`,
    )
  return url === 'memory:' ? sharedMemoryStore : redisStore({ url })
}

/** Where the store is when nobody says. */
export function defaultUrl(): string {
  return process.env['CONVOY_STORE'] || process.env['REDIS_URL'] || 'redis://localhost:6379'
}
