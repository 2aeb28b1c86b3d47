import { idsOf } from '../system.js'
import { perSecond, timed, type Work } from '../work.js'

/** B: one call with all of them. */
export const publishBulk: Work = {
  key: 'B',
  rows: [{ key: 'B', title: 'publish in bulk, all IDs new', unit: '/s' }],
  jobs: 50_000,
  warmUp: 20_000,
  async run({ open, jobs }) {
    const ids = idsOf(jobs)
    const session = await open()
    return [perSecond(jobs, await timed(() => session.publishMany(ids)))]
  },
}
