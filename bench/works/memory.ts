import { info } from '../server.js'
import { idsOf } from '../system.js'
import { fill, type Work } from '../work.js'

/** F: what one waiting ID of 12 characters costs Redis: used_memory after, less before, with the same connections open. */
export const memory: Work = {
  key: 'F',
  rows: [{ key: 'F', title: 'memory per waiting ID of 12 characters', unit: 'B' }],
  jobs: 100_000,
  warmUp: 0,
  async run(trial) {
    const session = await trial.open()
    // The first publish brings what is there once: scripts in the cache, meta keys, buffers of the connections.
    await fill(trial, session, ['warm-up-0000'])
    const before = await used()
    await fill(trial, session, idsOf(trial.jobs))
    return [((await used()) - before) / trial.jobs]

    async function used() {
      return Number((await info(trial.control, 'memory'))['used_memory'])
    }
  },
}
