import { peer, peerVersion } from '../peers.js'
import { absent, type System } from '../system.js'

interface ConvoyQueue {
  addJob(job: object, done: (error: unknown) => void): void
  startProcessing(handle: (job: { id: string }, done: () => void) => void): void
  stopProcessing(): void
  close(done: () => void): void
  end(): void
}
interface RedisConvoy {
  createQueue(name: string, options: object): ConvoyQueue
  Job: new (id: string) => object
}
interface OldRedis {
  createClient(port: number, host: string): { on(event: 'error', listener: () => void): unknown; end(): void }
}

export const redisConvoy: System = {
  name: 'redis-convoy',
  settings:
    'jobTimeout off; its concurrency has no effect, so startProcessing is called once per slot; its JavaScript parser (hiredis 0.1 does not build)',
  version: () => `${peerVersion('redis-convoy')} (the last on npm; 0.3.2 was never published)`,
  lacks: { B: 'no bulk publish' },
  async open({ host, port }) {
    const { createQueue, Job } = await peer<RedisConvoy>('redis-convoy')
    const old = await peer<OldRedis>('redis', 'redis-convoy')
    const clients: ReturnType<OldRedis['createClient']>[] = []
    const redis = {
      createClient() {
        const client = old.createClient(port, host)
        client.on('error', () => {})
        clients.push(client)
        return client
      },
    }
    const make = (concurrency: number) => createQueue('bench', { redis, jobTimeout: 0, concurrency })
    const publisher = make(1)
    return {
      // A duplicate is told by the error 'committed'.
      publish: (id) =>
        new Promise<void>((resolve, reject) =>
          publisher.addJob(new Job(id), (error) => (error && error !== 'committed' ? reject(error) : resolve())),
        ),
      publishMany: absent,
      async worker(handle, { concurrency }) {
        const queue = make(concurrency)
        const run = () => queue.startProcessing((job, done) => void handle(job.id).then(done))
        return {
          start: () => {
            for (let slot = 0; slot < concurrency; slot++) run()
          },
          stop: async () => queue.stopProcessing(),
        }
      },
      // Its own close waits for ever behind a blocked BLPOP in the queue of another slot.
      close: async () => {
        for (const client of clients) client.end()
      },
    }
  },
}
