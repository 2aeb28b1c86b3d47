// @ts-check
// The job itself: an ID comes in, the SHA-256 of its file goes into the ledger. In this process or in one of its own.
import { digest } from './digest.mjs'
import { LedgerWriter } from './ledger.mjs'

/**
 * @param {import('convoy-queue').Queue} queue
 * @param {{ ledger: string, paths: import('./paths.mjs').Paths, concurrency: number }} settings
 */
export function startHasher(queue, { ledger, paths, concurrency }) {
  const writer = new LedgerWriter(ledger)
  const worker = queue.process(
    async (job) => {
      writer.write(['start', job.id])
      const { sha256, size, mtimeMs } = await digest(paths.at(job.id), job)
      writer.write(['hash', job.id, sha256, size, mtimeMs])
    },
    { concurrency, jobTimeout: 'PT1M' },
  )
  return {
    name: worker.name,
    async close() {
      await worker.close()
      writer.close()
    },
  }
}
