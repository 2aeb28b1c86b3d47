import { expect, test } from 'vitest'
import { ConvoyError, createQueue, type Job, memoryStore, type OpenStore } from '../../src/index.js'
import { Latch } from '../support/latch.js'

/** A memory store whose reports go wrong. */
function withoutReports(wrong: Error): OpenStore {
  return (place) => {
    const store = memoryStore()(place)
    return { ...store, report: () => Promise.reject(wrong) }
  }
}

test('a report that cannot be made is told as an error; the job goes on, ends, and hears that it was not kept', async () => {
  const store = withoutReports(new ConvoyError('UNAVAILABLE', 'the server is away'))
  await using queue = createQueue('reports', { store })
  const errors: unknown[] = []
  queue.on('error', ({ code }) => errors.push(code))
  const kept: unknown[] = []
  const ran = new Latch(2)
  queue.process(async (job: Job) => {
    // Nobody waits for this one: it must not end the process.
    void job.log('unheard')
    kept.push(await job.progress(1))
    ran.countDown()
  })
  await queue.publishMany(['a', 'b'])
  await ran.wait
  await queue.idle()
  expect([kept, errors]).toEqual([
    [false, false],
    ['UNAVAILABLE', 'UNAVAILABLE'],
  ])
  expect((await queue.stats()).totals).toMatchObject({ done: 2, failed: 0 })
})
