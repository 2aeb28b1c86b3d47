import { peer, peerVersion } from '../peers.js'
import type { System } from '../system.js'

interface GroupMq {
  Queue: new (
    options: object,
  ) => {
    add(job: object): Promise<unknown>
    close(): Promise<void>
  }
  Worker: new (options: object) => { run(): Promise<void>; close(timeout?: number): Promise<void> }
}
type Redis = new (options: object) => { quit(): Promise<unknown>; disconnect(): void }

export const groupmq: System = {
  name: 'groupmq',
  settings:
    'jobId; as many groups as slots (one group per ID: 250/s at D1); autoBatch 100 / 1 ms, off for L; keepCompleted 0, keepFailed 0',
  // Slow enough to tell as much in fewer jobs; three rounds are to fit in 25 minutes.
  share: 0.5,
  version: () => `${peerVersion('groupmq')}, ioredis ${peerVersion('ioredis')}`,
  async open({ host, port }, { slots, lone }) {
    const { Queue, Worker } = await peer<GroupMq>('groupmq')
    const Redis = await peer<{ default: Redis }>('ioredis')
    const redis = new Redis.default({ host, port, maxRetriesPerRequest: null })
    const queue = new Queue({
      redis,
      namespace: 'bench',
      keepCompleted: 0,
      keepFailed: 0,
      ...(lone ? {} : { autoBatch: { size: 100, maxWaitMs: 1 } }),
    })
    let turn = 0
    const add = (id: string) => queue.add({ groupId: `group-${turn++ % slots}`, jobId: id, data: {} })
    return {
      publish: add,
      publishMany: (ids) => Promise.all(ids.map(add)),
      async worker(handle, { concurrency }) {
        const worker = new Worker({ queue, concurrency, handler: (job: { id: string }) => handle(job.id) })
        return { start: () => void worker.run(), stop: () => worker.close(1_000) }
      },
      async close() {
        await queue.close()
        redis.disconnect()
      },
    }
  },
}
