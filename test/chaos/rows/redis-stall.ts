import { LOAD } from '../load.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

/** The long ones are left to a full dose. */
const LEASES = [0.4, 1.4, 1.1, 2.5, 10]

export const redisStall = row({
  name: 'redis-stall',
  fault: 'Redis hangs: it keeps its connections and answers nothing',
  injection: `SIGSTOP for ${LEASES.join(', ')} leases in turn, SIGCONT`,
  holds: 'no promise waits for ever; the guard holds back, so that no claim of the living jams',
  rounds: 3,
  // Half a lease, for which the guard holds back, must be longer than the longest pause between two dials (1.25 s).
  // Handlers outlast the stall, so that there are claims to be kept.
  load: { lease: 4_000, work: 2_500, concurrency: 150, burst: 1 },
  allow: { recovery: 4_000 + LOAD.every + 1_000 },
  open: () => single('everysec'),
  async round(stage, number) {
    await stage.calm(500, 1_000)
    const { server } = stage.scene
    await stage.fault('Redis hangs', async () => {
      server.pause()
      await stage.calm((LEASES[(number - 1) % LEASES.length] ?? 1) * stage.load.lease)
      server.resume()
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.repeated + findings.unknown === 0 ? 'no call was repeated' : undefined),
})
