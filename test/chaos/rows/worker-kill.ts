import { row } from '../row.js'
import { single } from '../scene/single.js'

const POINTS = ['inside', 'after', undefined] as const

export const workerKill = row({
  name: 'worker-kill',
  fault: 'a worker dies inside a handler, between a handler and its settlement, or anywhere',
  injection:
    'SIGKILL in turn by the handler itself, in the tick after it has returned, and at a random moment under load',
  holds: 'what it held runs again within lease + sweep + 1 s; nothing else does',
  rounds: 6,
  load: { work: 200, concurrency: 20, prefetch: 2 },
  open: () => single('everysec'),
  async round(stage, number) {
    await stage.calm(100, 800)
    await stage.killOne('worker', POINTS[number % POINTS.length])
  },
  toothless: ({ findings }) => (findings.jammed === 0 ? 'no claim was left behind' : undefined),
})
