import { peer, peerVersion } from '../peers.js'
import { absent, type System } from '../system.js'

interface Storage {
  disconnect(): Promise<void>
}
interface Platformatic {
  RedisStorage: new (options: object) => Storage
  Queue: new (
    options: object,
  ) => {
    start(): Promise<void>
    stop(): Promise<void>
    enqueue(id: string, payload: object): Promise<unknown>
    execute(handle: (job: { id: string }) => Promise<null>): void
    on(event: 'error', listener: (error: Error) => void): unknown
  }
}

export const platformatic: System = {
  name: 'platformatic',
  settings:
    'RedisStorage; own ID; resultTTL 1 s (it cannot be off: an ID stays taken that long); blockTimeout 1 s; no Reaper',
  // It asks for Node 22.19; what it uses of it is all in 20, so it runs on what the bench runs on.
  // Slow enough to tell as much in fewer jobs; three rounds are to fit in 25 minutes.
  share: 0.4,
  version: () => `${peerVersion('@platformatic/job-queue')}, iovalkey ${peerVersion('iovalkey')}`,
  lacks: { B: 'no bulk publish' },
  async open({ url }) {
    const { Queue, RedisStorage } = await peer<Platformatic>('@platformatic/job-queue')
    const make = (concurrency: number) => {
      const storage = new RedisStorage({ url })
      const queue = new Queue({ storage, concurrency, resultTTL: 1_000, blockTimeout: 1 })
      queue.on('error', (error) => console.error('platformatic', error.message))
      return queue
    }
    const publisher = make(1)
    await publisher.start()
    return {
      publish: (id) => publisher.enqueue(id, {}),
      publishMany: absent,
      async worker(handle, { concurrency }) {
        const queue = make(concurrency)
        await queue.start()
        return {
          // A handler that gives nothing is retried and failed there, and null is what it can store.
          start: () => queue.execute((job) => handle(job.id).then(() => null)),
          stop: () => queue.stop(),
        }
      },
      close: () => publisher.stop(),
    }
  },
}
