import { row } from '../row.js'
import { single } from '../scene/single.js'

export const workerStall = row({
  name: 'worker-stall',
  fault:
    'a worker stands still for longer than its lease, with handlers running, and then goes on as if nothing had been',
  injection: 'SIGSTOP, 1.5 to 2 leases, SIGCONT',
  holds: 'others run what it held; its late settlements are answered `lost` and change nothing',
  rounds: 2,
  load: { workers: 3, work: 200, concurrency: 10 },
  allow: { expiries: true },
  open: () => single('everysec'),
  async round(stage) {
    const { lease } = stage.load
    await stage.calm(300, 800)
    const victim = stage.random.pick(stage.of('worker'))
    await stage.fault('a worker stands still', async () => {
      victim.freeze()
      await stage.calm(1.5 * lease, 2 * lease)
      victim.thaw()
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.lost === 0 ? 'no claim was lost' : undefined),
})
