import { idOf } from '../system.js'
import { perSecond, publishEach, timed, type Work } from '../work.js'

/** C: many events about few things: 98 of 100 publishes meet their ID in line. */
export const publishDuplicates: Work = {
  key: 'C',
  rows: [{ key: 'C', title: 'publish one by one, each ID 50 times', unit: '/s' }],
  jobs: 50_000,
  warmUp: 10_000,
  async run({ open, jobs }) {
    const different = Math.max(1, Math.round(jobs / 50))
    const ids = Array.from({ length: jobs }, (_, at) => idOf(at % different))
    const session = await open()
    return [perSecond(jobs, await timed(() => publishEach(session, ids)))]
  },
}
