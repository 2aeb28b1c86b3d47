import { idsOf } from '../system.js'
import { fill, perSecond, timed, type Work } from '../work.js'

/** The size at which our scripts and the raw limit are held against each other: same batches, both two in flight. */
const size = 500

/** P500 and S500: what leases, tokens, step numbers, totals and verdicts cost on top of moving the IDs. */
export const batches: readonly Work[] = [
  {
    key: 'P500',
    rows: [{ key: 'P500', title: `publish in batches of ${size}`, unit: '/s' }],
    jobs: 200_000,
    warmUp: 50_000,
    needs: 'batches',
    async run({ open, jobs }) {
      const ids = idsOf(jobs)
      const session = await open()
      let next = 0
      const lane = async () => {
        while (next < ids.length) {
          const part = ids.slice(next, next + size)
          next += size
          await session.publishMany(part)
        }
      }
      return [perSecond(jobs, await timed(() => Promise.all([lane(), lane()])))]
    },
  },
  {
    key: 'S500',
    rows: [{ key: 'S500', title: `claim and settle in batches of ${size}, no handler`, unit: '/s' }],
    jobs: 200_000,
    warmUp: 50_000,
    needs: 'batches',
    async run(trial) {
      const session = await trial.open()
      await fill(trial, session, idsOf(trial.jobs))
      return [perSecond(trial.jobs, await timed(async () => session.settleAll?.(size)))]
    },
  },
]
