import { percentile } from '../figures.js'
import { idOf } from '../system.js'
import type { Work } from '../work.js'

/** L: from the call of publish to the first line of the handler, the queue empty and the worker waiting. */
export const latency: Work = {
  key: 'L',
  rows: [
    { key: 'L50', title: 'publish to start on an idle queue, median', unit: 'ms' },
    { key: 'L99', title: 'publish to start on an idle queue, 99th of 100', unit: 'ms' },
  ],
  jobs: 2_000,
  warmUp: 1_000,
  turns: 5,
  async run({ open, jobs }) {
    const session = await open({ slots: 10, lone: true })
    let started: (at: number) => void = () => {}
    const worker = await session.worker(async () => started(performance.now()), { concurrency: 10, prefetch: 0 })
    worker.start()
    const waits: number[] = []
    for (let job = 0; job < jobs; job++) {
      const start = new Promise<number>((resolve) => {
        started = resolve
      })
      const called = performance.now()
      const published = session.publish(idOf(job))
      waits.push((await start) - called)
      await published
      // The settle of this job and the next wait of the worker are not the publisher's business, but they must be over:
      // an idle queue is asked for.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await worker.stop()
    return [percentile(waits, 50), percentile(waits, 99)]
  },
}
