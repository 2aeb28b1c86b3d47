import { idsOf } from '../system.js'
import { perSecond, publishEach, timed, type Work } from '../work.js'

/** A: what a web server does: many callers, one ID each. */
export const publishOne: Work = {
  key: 'A',
  rows: [{ key: 'A', title: 'publish one by one, 100 in flight', unit: '/s' }],
  jobs: 50_000,
  warmUp: 10_000,
  async run({ open, jobs }) {
    const ids = idsOf(jobs)
    const session = await open()
    return [perSecond(jobs, await timed(() => publishEach(session, ids)))]
  },
}
