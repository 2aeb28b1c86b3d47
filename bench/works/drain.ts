import { idsOf } from '../system.js'
import { countTo, fill, perSecond, type Trial, timed, type Work } from '../work.js'

/**
 * Work off a full queue with a handler that does nothing. The clock runs from the start of the worker to the start of
 * the last job: what is settled after it (at most one batch) is left out for everybody.
 */
async function drain(trial: Trial, how: { concurrency: number; prefetch: number }): Promise<number> {
  const session = await trial.open({ slots: how.concurrency })
  await fill(trial, session, idsOf(trial.jobs))
  const { handle, reached } = countTo(trial.jobs)
  const worker = await session.worker(handle, how)
  const ms = await timed(() => {
    worker.start()
    return reached
  })
  await worker.stop()
  return ms
}

const drained = (concurrency: number): Work => ({
  key: `D${concurrency}`,
  rows: [{ key: `D${concurrency}`, title: `drain, concurrency ${concurrency}`, unit: '/s' }],
  // One at a time takes its time: fewer jobs tell as much.
  jobs: concurrency === 1 ? 20_000 : 50_000,
  warmUp: 10_000,
  turns: concurrency === 1 ? 5 : 1,
  run: async (trial) => [perSecond(trial.jobs, await drain(trial, { concurrency, prefetch: 0 }))],
})

const drainedAhead = (concurrency: number, prefetch: number): Work => ({
  key: `D${concurrency}p${prefetch}`,
  rows: [
    {
      key: `D${concurrency}p${prefetch}`,
      title: `drain, concurrency ${concurrency}, ${prefetch} claimed ahead`,
      unit: '/s',
      against: `D${concurrency}`,
    },
  ],
  jobs: 50_000,
  warmUp: 10_000,
  needs: 'ahead',
  run: async (trial) => [perSecond(trial.jobs, await drain(trial, { concurrency, prefetch }))],
})

export const drains: readonly Work[] = [
  drained(1),
  drainedAhead(1, 100),
  drained(10),
  drainedAhead(10, 100),
  drained(100),
  drainedAhead(100, 100),
  drainedAhead(100, 1_000),
]
