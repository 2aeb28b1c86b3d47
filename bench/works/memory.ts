import { bytesFreed } from '../server.js'
import { idsOf } from '../system.js'
import { fill, type Work } from '../work.js'

/** F: what one waiting ID of 12 characters costs Redis: the memory that comes back when everything is deleted. */
export const memory: Work = {
  key: 'F',
  rows: [{ key: 'F', title: 'memory per waiting ID of 12 characters', unit: 'B' }],
  // Redis doubles its tables at powers of two: at 50,000 (as at 100,000) they are three quarters full.
  jobs: 50_000,
  warmUp: 0,
  async run(trial) {
    const session = await trial.open()
    await fill(trial, session, idsOf(trial.jobs))
    return [(await bytesFreed(trial.control, () => trial.control.flushAll('SYNC'))) / trial.jobs]
  },
}
