import { createCluster, createSentinel } from 'redis'
import type * as Library from '../../src/index.js'
import type { Durability, Queue } from '../../src/index.js'
import { endingStrays } from '../../src/redis/strays.js'

/** This version of the library, or the one that the harness has put this process on. */
const library: typeof Library = await import(process.env['CHAOS_LIBRARY'] ?? '../../src/index.js')
export const { ConvoyError } = library
const { createQueue, redisStore } = library

/** How a process finds the server. */
export type Connect =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'sentinel'
      readonly name: string
      readonly nodes: readonly { readonly host: string; readonly port: number }[]
    }
  | { readonly kind: 'cluster'; readonly urls: readonly string[] }

export type RoleName = 'publisher' | 'worker' | 'guard'

/** How hard everybody works, ms and counts. */
export interface Load {
  readonly publishers: number
  readonly workers: number
  readonly guards: number
  /** Publishes at once, at most; there are fifty bursts a second, unless `beat` says otherwise. */
  readonly burst: number
  /** ms between two bursts. */
  readonly beat?: number
  readonly concurrency: number
  /** Calls of `process()` in each process that works; 1 unless told. */
  readonly workersEach?: number
  readonly prefetch: number
  /** How long a handler takes, at most. */
  readonly work: number
  readonly lease: number
  readonly every: number
  readonly replyTimeout: number
  readonly publishTimeout: number
  /** Of all IDs published, how many are among those that everybody publishes, 0 to 1. */
  readonly shared: number
  /** How many those are; 40 unless told. */
  readonly sharedIds?: number
  /** Of all runs so many throw at once whatever can be thrown, in any way there is, 0 to 1; none unless told. */
  readonly odd?: number
  /** … and so many never settle, and care for no signal. */
  readonly hangs?: number
  /** ms; no limit unless told. */
  readonly jobTimeout?: number
  /** Absent: a plain lane. */
  readonly features?: Features
}

/** What jobs live through besides being run: the newest payload counts, and what fails is tried again. */
export interface Features {
  readonly attempts: number
  /** ms, the same each time. */
  readonly backoff: number
  /** ms */
  readonly keepResult: number
  /** A publish is put off by so many ms at most. */
  readonly delay: number
  /** IDs have one of their own. */
  readonly priorities: boolean
}

/** What one process is told to play. */
export interface Part {
  readonly role: RoleName
  /** Its name in the history, never used twice. */
  readonly proc: string
  readonly file: string
  readonly connect: Connect
  readonly queue: string
  readonly seed: string
  readonly load: Load
  readonly durability?: Durability
}

/** A queue by the public API, over the way this part is told; and what closes the client it borrowed, if any. */
export function queueOf({
  connect,
  queue,
  load,
  durability = 'memory',
}: Pick<Part, 'connect' | 'queue' | 'load' | 'durability'>): {
  readonly queue: Queue<unknown>
  readonly letGo: () => unknown
} {
  const { lease, replyTimeout, publishTimeout, features } = load
  const { attempts = 1, backoff = 0, keepResult = 0 } = features ?? {}
  const life = features ? { dedupe: 'latest' as const, attempts, backoff, keepResult } : {}
  // Jams are what chaos makes; an ID that failed for them would only hide what comes after.
  const options = { prefix: 'chaos', lease, publishTimeout, durability, maxJams: 1_000, ...life }
  if (connect.kind === 'url') {
    return {
      queue: createQueue<unknown>(queue, { ...options, store: redisStore({ url: connect.url, replyTimeout }) }),
      letGo() {},
    }
  }
  const client =
    connect.kind === 'sentinel'
      ? createSentinel({ name: connect.name, sentinelRootNodes: [...connect.nodes] })
      : createCluster({ rootNodes: connect.urls.map((url) => ({ url })) })
  // Else a process might not end for a reason of node-redis alone, and it is the queue's end that is judged.
  const endStrays = endingStrays(client)
  const letGo = (): unknown => {
    endStrays()
    return client.destroy()
  }
  client.on('error', () => {})
  const store = redisStore({ client, replyTimeout })
  return { queue: createQueue<unknown>(queue, { ...options, store }), letGo }
}
