import { row } from '../row.js'
import { single } from '../scene/single.js'

export const workerKill = row({
  name: 'worker-kill',
  fault: 'a worker dies inside a handler, or between a handler and its settlement',
  injection: 'SIGKILL at a random moment under load: of ten handlers some run, some have just ended',
  holds: 'what it held runs again within lease + sweep + 1 s',
  rounds: 4,
  load: { work: 200, concurrency: 20, prefetch: 2 },
  open: () => single('everysec'),
  async round(stage) {
    await stage.calm(200, 1_500)
    await stage.killOne('worker')
  },
  toothless: ({ findings }) => (findings.jammed === 0 ? 'no claim was left behind' : undefined),
})
