import { peer, peerVersion } from '../peers.js'
import type { System } from '../system.js'

interface Bull {
  Queue: new (
    name: string,
    options: object,
  ) => {
    add(name: string, data: object, options: object): Promise<unknown>
    addBulk(jobs: object[]): Promise<unknown>
    waitUntilReady(): Promise<unknown>
    close(): Promise<void>
  }
  Worker: new (
    name: string,
    handle: (job: { name: string; data: { id: string } }) => Promise<void>,
    options: object,
  ) => {
    on(event: 'error', listener: (error: Error) => void): unknown
    waitUntilReady(): Promise<unknown>
    run(): Promise<void>
    close(force?: boolean): Promise<void>
  }
}

/** addBulk sends one pipeline per call; 1,000 a call was the fastest tried. */
const bulk = 1_000

/** `share`: slow enough to tell as much in fewer jobs; three rounds are to fit in 25 minutes. */
function bullmqBy(name: string, settings: string, share: number, unique: (id: string) => object): System {
  // Both end a job by removing it: only then is the ID free again, and it is also BullMQ's fastest.
  const options = (id: string) => ({ ...unique(id), removeOnComplete: true, removeOnFail: true })
  return {
    name,
    share,
    settings: `${settings}; removeOnComplete, removeOnFail; addBulk by ${bulk}; ioredis; no QueueEvents`,
    version: () => `${peerVersion('bullmq')}, ioredis ${peerVersion('ioredis')}`,
    async open({ host, port }) {
      const { Queue, Worker } = await peer<Bull>('bullmq')
      const connection = { host, port }
      const queue = new Queue('bench', { connection })
      await queue.waitUntilReady()
      return {
        publish: (id) => queue.add('job', { id }, options(id)),
        async publishMany(ids) {
          for (let from = 0; from < ids.length; from += bulk) {
            const part = ids.slice(from, from + bulk)
            await queue.addBulk(part.map((id) => ({ name: 'job', data: { id }, opts: options(id) })))
          }
        },
        async worker(handle, { concurrency }) {
          const worker = new Worker('bench', (job) => handle(job.data.id), {
            connection: { ...connection, maxRetriesPerRequest: null },
            concurrency,
            autorun: false,
          })
          worker.on('error', (error) => console.error(name, error.message))
          await worker.waitUntilReady()
          return { start: () => void worker.run(), stop: () => worker.close() }
        },
        close: () => queue.close(),
      }
    },
  }
}

/** The base of every ratio: the way BullMQ's docs give for unique jobs. */
export const bullmq: System = bullmqBy('bullmq', 'unique by jobId', 0.6, (id) => ({ jobId: id }))

export const bullmqDedup: System = bullmqBy('bullmq-dedup', 'unique by deduplication.id (simple mode)', 0.3, (id) => ({
  deduplication: { id },
}))
