import { commandCalls } from '../server.js'
import { idsOf } from '../system.js'
import { countTo, fill, publishEach, type Work } from '../work.js'

/** Redis commands per job, those inside scripts included: publish one by one with 100 in flight, then drain at 100. */
export const commands: Work = {
  key: 'N',
  rows: [{ key: 'N', title: 'Redis commands per job, publish and run', unit: 'commands' }],
  jobs: 10_000,
  warmUp: 0,
  async run(trial) {
    const session = await trial.open()
    const { handle, reached } = countTo(trial.jobs)
    const worker = await session.worker(handle, { concurrency: 100, prefetch: 0 })
    const ids = idsOf(trial.jobs)
    const before = await calls()
    if (trial.system.lacks?.['A']) await fill(trial, session, ids)
    else await publishEach(session, ids)
    worker.start()
    await reached
    const count = (await calls()) - before
    await worker.stop()
    return [count / trial.jobs]

    async function calls() {
      const { info: _own, ...others } = await commandCalls(trial.control)
      return Object.values(others).reduce((sum, each) => sum + each, 0)
    }
  },
}
