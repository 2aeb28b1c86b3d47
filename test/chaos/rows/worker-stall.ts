import { row } from '../row.js'
import { single } from '../scene/single.js'

export const workerStall = row({
  name: 'worker-stall',
  fault:
    'a worker stands still for longer than its lease, with handlers running, and then goes on as if nothing had been',
  injection: 'SIGSTOP, 1.3 to 1.6 leases, SIGCONT',
  holds: 'others run what it held; its late settlements are answered `lost` and change nothing',
  rounds: 2,
  // Those who took over are still at work when it comes back: only then can a late end harm them.
  load: { workers: 3, work: 1_500, concurrency: 80, burst: 1 },
  allow: { expiries: true },
  open: () => single('everysec'),
  async round(stage) {
    const { lease } = stage.load
    await stage.calm(1_200, 1_800)
    const victim = stage.random.pick(stage.of('worker'))
    await stage.fault('a worker stands still', async () => {
      victim.freeze()
      await stage.calm(1.3 * lease, 1.6 * lease)
      victim.thaw()
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.lost === 0 ? 'no claim was lost' : undefined),
})
