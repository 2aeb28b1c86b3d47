import { promisify } from 'node:util'
import { peer, peerVersion } from '../peers.js'
import { absent, type System } from '../system.js'

interface KueJob {
  data: { id: string }
  removeOnComplete(on: boolean): KueJob
  events(on: boolean): KueJob
  save(done: (error?: Error) => void): void
}
interface KueQueue {
  on(event: 'error', listener: (error: Error) => void): unknown
  setMaxListeners(most: number): unknown
  create(type: string, data: object): KueJob
  process(type: string, concurrency: number, handle: (job: KueJob, done: () => void) => void): void
  shutdown(timeout: number, done: (error?: Error) => void): void
}
interface Kue {
  createQueue(options: object): KueQueue
}

export const kue: System = {
  name: 'kue',
  settings:
    'no unique IDs (it numbers its jobs; ours travels as data); jobEvents off, disableSearch, removeOnComplete; a tenth of the jobs',
  version: () => peerVersion('kue'),
  share: 0.1,
  lacks: { B: 'no bulk publish outside its HTTP API', C: 'no unique IDs: every publish is a new job' },
  async open({ host, port }) {
    const { createQueue } = await peer<Kue>('kue')
    // Kue keeps one queue per process, so publisher and worker are the same; `shutdown` lets go of it.
    const queue = createQueue({ redis: { host, port }, jobEvents: false, disableSearch: true })
    queue.on('error', (error) => console.error('kue', error.message))
    // It adds a listener per slot.
    queue.setMaxListeners(0)
    return {
      publish: (id) =>
        new Promise<void>((resolve, reject) =>
          queue
            .create('bench', { id })
            .removeOnComplete(true)
            .events(false)
            .save((error) => (error ? reject(error) : resolve())),
        ),
      publishMany: absent,
      worker: async (handle, { concurrency }) => ({
        start: () => queue.process('bench', concurrency, (job, done) => void handle(job.data.id).then(() => done())),
        stop: async () => {},
      }),
      close: () => promisify(queue.shutdown).call(queue, 1_000),
    }
  },
}
