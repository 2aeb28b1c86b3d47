import { peer, peerVersion } from '../peers.js'
import type { System } from '../system.js'

interface BeeJob {
  id: string
  setId(id: string): BeeJob
  save(): Promise<BeeJob>
}
type Bee = new (
  name: string,
  settings: object,
) => {
  ready(): Promise<unknown>
  createJob(data: object): BeeJob
  saveAll(jobs: BeeJob[]): Promise<Map<BeeJob, Error>>
  process(concurrency: number, handle: (job: BeeJob) => Promise<void>): void
  close(timeout?: number): Promise<void>
}

const bulk = 1_000

export const beeQueue: System = {
  name: 'bee-queue',
  settings: `setId; removeOnSuccess, removeOnFailure; no events, storeJobs false (its docs' advice for speed); saveAll by ${bulk}`,
  version: () => peerVersion('bee-queue'),
  async open({ host, port }) {
    const Queue = await peer<Bee>('bee-queue')
    const settings = {
      redis: { host, port },
      removeOnSuccess: true,
      removeOnFailure: true,
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
      activateDelayedJobs: false,
    }
    const queue = new Queue('bench', { ...settings, isWorker: false })
    await queue.ready()
    const jobOf = (id: string) => queue.createJob({}).setId(id)
    return {
      publish: (id) => jobOf(id).save(),
      async publishMany(ids) {
        for (let from = 0; from < ids.length; from += bulk) {
          await queue.saveAll(ids.slice(from, from + bulk).map(jobOf))
        }
      },
      async worker(handle, { concurrency }) {
        const worker = new Queue('bench', { ...settings, isWorker: true })
        await worker.ready()
        return { start: () => worker.process(concurrency, (job) => handle(job.id)), stop: () => worker.close(1_000) }
      },
      close: () => queue.close(1_000),
    }
  },
}
