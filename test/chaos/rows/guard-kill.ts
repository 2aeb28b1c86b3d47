import { LOAD } from '../load.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

export const guardKill = row({
  name: 'guard-kill',
  fault: 'of two jam guards one dies, or stands still in the middle of its work, while a worker dies too',
  injection:
    'SIGKILL for a worker and a guard at once; in every other round SIGSTOP for a guard instead, and SIGCONT two leases later',
  holds: 'the other guard takes over within one and a half intervals; nothing is recovered twice',
  rounds: 4,
  load: { guards: 2, work: 200, concurrency: 20 },
  allow: { recovery: LOAD.lease + 2.5 * LOAD.every + 1_000 },
  open: () => single('everysec'),
  async round(stage, number) {
    await stage.calm(200, 800)
    if (number % 2 === 1) {
      await Promise.all([stage.killOne('guard'), stage.killOne('worker')])
      return
    }
    const guard = stage.random.pick(stage.of('guard'))
    guard.freeze()
    await stage.killOne('worker')
    await stage.calm(2 * stage.load.lease)
    guard.thaw()
  },
  toothless: ({ findings }) => (findings.jammed === 0 ? 'there was nothing to recover' : undefined),
})
