import { idsOf } from '../system.js'
import { countTo, perSecond, publishEach, type Trial, timed, type Work } from '../work.js'

/** E: publisher (one by one, 100 in flight) and worker (concurrency 100) in one process, from the first to the last job. */
async function both(trial: Trial, prefetch: number): Promise<readonly number[]> {
  const ids = idsOf(trial.jobs)
  const session = await trial.open()
  const { handle, reached } = countTo(trial.jobs)
  const worker = await session.worker(handle, { concurrency: 100, prefetch })
  const ms = await timed(() => {
    worker.start()
    return Promise.all([publishEach(session, ids), reached])
  })
  await worker.stop()
  return [perSecond(trial.jobs, ms)]
}

const title = 'publisher and worker at once, concurrency 100'

export const bothAtOnce: readonly Work[] = [
  {
    key: 'E',
    rows: [{ key: 'E', title, unit: '/s' }],
    jobs: 50_000,
    warmUp: 10_000,
    run: (trial) => both(trial, 0),
  },
  {
    key: 'Ep100',
    rows: [{ key: 'Ep100', title: `${title}, 100 claimed ahead`, unit: '/s', against: 'E' }],
    jobs: 50_000,
    warmUp: 10_000,
    needs: 'ahead',
    run: (trial) => both(trial, 100),
  },
]
