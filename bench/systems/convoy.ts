import { existsSync, readFileSync } from 'node:fs'
import { built, createQueue } from '../convoy.js'
import { openStore, settleAll } from '../store.js'
import type { System } from '../system.js'

export const convoy: System = {
  name: 'convoy',
  settings: 'defaults: leases, tokens, step numbers, totals and verdicts all on; the build in dist/',
  can: ['ahead', 'batches'],
  version() {
    if (!existsSync(built)) throw new Error('dist/ is missing: npm run build')
    return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
  },
  async open(address) {
    // Two queues, as the peers have two: the publisher's connection is not the worker's.
    const publisher = await createQueue('bench', { store: address.url })
    const consumer = await createQueue('bench', { store: address.url })
    await Promise.all([publisher.ready(), consumer.ready()])
    return {
      publish: (id) => publisher.publish(id),
      publishMany: (ids) => publisher.publishMany(ids),
      async worker(handle, options) {
        let worker: { close(): Promise<unknown> } | undefined
        return {
          start: () => {
            worker = consumer.process((job) => handle(job.id), options)
          },
          stop: async () => worker?.close(),
        }
      },
      async settleAll(size) {
        const store = await openStore(address, 'bench')
        await settleAll(store, 'stepper', size)
        await store.close()
      },
      close: () => Promise.all([publisher.close(), consumer.close()]),
    }
  },
}
