import { row } from '../row.js'
import { single } from '../scene/single.js'

const POINTS = ['inside', 'after', undefined] as const

export const workerKillOwing = row({
  name: 'worker-kill-owing',
  fault: 'a worker dies while runs are owed, retries wait for their backoff, and results are kept',
  injection:
    'SIGKILL as in worker-kill; half of all publishes name IDs that run or wait already, a third of all runs fail',
  holds: 'each owed run comes and sees the newest payload; no attempt is lost or too many; results stay',
  rounds: 4,
  load: {
    ...{ work: 200, concurrency: 20, shared: 0.5 },
    features: { attempts: 3, backoff: 300, keepResult: 3_600_000, delay: 0, priorities: false },
  },
  open: () => single('everysec'),
  async round(stage, number) {
    await stage.calm(200, 800)
    await stage.killOne('worker', POINTS[number % POINTS.length])
  },
  toothless({ findings }) {
    if (findings.jammed === 0) return 'no claim was left behind'
    if (findings.reruns === 0) return 'no run was owed'
    return findings.retried === 0 ? 'nothing was tried again' : undefined
  },
})
