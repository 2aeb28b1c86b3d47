import type { QueueOptions } from '../../src/index.js'

/** What a publish brings, in a shape that publishMany takes. */
interface Item {
  readonly id: string
  readonly payload?: unknown
  readonly priority?: number
}

/** One way to use a queue: what it costs is told as a ratio to the plain one. */
export interface Lane {
  readonly name: string
  readonly options?: QueueOptions<never>
  readonly item?: (id: string, number: number) => Item
  /** What the handler does with the n-th run. */
  readonly handle?: (run: number, attempt: number) => unknown
  /** Somebody hears the queue's messages meanwhile. */
  readonly heard?: true
  /** The last so many messages are kept. */
  readonly journal?: number
}

const text = 'x'.repeat(200 - '{"text":""}'.length)
const retrying = { attempts: 3, backoff: 0 } as const

export const lanes: readonly Lane[] = [
  { name: 'plain' },
  { name: 'payloads of 200 bytes', item: (id) => ({ id, payload: { text } }) },
  { name: "dedupe: 'latest', payloads", options: { dedupe: 'latest' }, item: (id) => ({ id, payload: { text } }) },
  { name: 'retries on, none needed', options: retrying },
  {
    name: 'retries on, one run in ten fails',
    options: retrying,
    // Once: three times would be a final failure, and nobody would count it.
    handle: (run, attempt) => {
      if (run % 10 === 0 && attempt === 1) throw new Error('once more')
    },
  },
  { name: 'five priorities', item: (id, number) => ({ id, priority: ((number % 5) - 2) * 10 }) },
  { name: 'events, one listener', heard: true },
  { name: 'events, a journal of 10,000', journal: 10_000 },
  { name: 'results kept', options: { keepResult: 60_000 }, handle: (run) => ({ run }) },
  { name: 'remembered for a minute', options: { dedupe: { remember: 60_000 } } },
  { name: 'at most 100 active, no rate', options: { limit: { active: 100 } } },
]
