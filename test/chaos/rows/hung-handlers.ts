import { row } from '../row.js'
import { key } from '../scene/look.js'
import { single } from '../scene/single.js'

const TIMEOUT = 400
/** ms in which a process with hung handlers must have closed its queue and be gone. */
const GONE = 5_000

export const hungHandlers = row({
  name: 'hung-handlers',
  fault: `one run of twelve never settles, and cares for no signal, under a jobTimeout of ${TIMEOUT} ms`,
  injection: 'promises that nobody resolves; then a worker with some of them goes home, and another is killed',
  holds: `each gives its slot back and is tried again, then failed; who goes home is gone in ${GONE / 1_000} s`,
  rounds: 2,
  load: {
    ...{ hangs: 0.08, jobTimeout: TIMEOUT, concurrency: 10 },
    features: { attempts: 3, backoff: 50, keepResult: 3_600_000, delay: 0, priorities: false },
  },
  open: () => single('everysec'),
  async round(stage, number) {
    const { scene } = stage
    await stage.calm(2_000)
    const from = performance.now()
    const [first, second] = stage.of('worker')
    const ended = await first?.stop()
    const took = Math.round(performance.now() - from)
    if (ended !== true || took > GONE) throw new Error(`a worker with hung handlers was gone after ${took} ms`)
    await stage.spawn('worker').ready
    if (second) await stage.kill(second)
    await stage.calm(300)
    const [retried = 0] = (await scene.cli<string[]>('HMGET', key('totals'), 'retried')).map(Number)
    if (retried < 20 * number) throw new Error(`${retried} were tried again`)
  },
})
