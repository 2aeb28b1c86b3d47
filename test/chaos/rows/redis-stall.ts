import { row } from '../row.js'
import { single } from '../scene/single.js'

const LEASES = [0.5, 2, 1.2, 3]

export const redisStall = row({
  name: 'redis-stall',
  fault: 'Redis hangs: it keeps its connections and answers nothing',
  injection: 'SIGSTOP for 0.5, 2, 1.2, 3 leases in turn, SIGCONT',
  holds: 'no promise waits for ever; the guard holds back, so that no claim of the living jams',
  rounds: 3,
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
