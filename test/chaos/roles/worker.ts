import type { ConvoyError, Job, Queue, Worker } from '../../../src/index.js'
import type { Recorder } from '../history.js'
import type { Part } from '../part.js'
import { Random } from '../random.js'
import { lasting } from '../time.js'
import type { Role } from './role.js'

/** Runs what it gets, for a random time, and writes down when a handler starts and ends, and under which claim. */
export function worker(queue: Queue<unknown>, part: Part, recorder: Recorder): Role {
  const random = new Random(part.seed)
  const { concurrency, prefetch, work, features, workersEach = 1 } = part.load
  /** Where the next handler takes the process down. */
  let dies = ''
  let running = 0
  process.on('message', (order) => {
    if (order === 'inside' || order === 'after') dies = order
  })
  const begin = (): Worker => {
    const handler = async (job: Job): Promise<unknown> => {
      const { id, epoch, attempt, payload } = job
      const token = `${epoch}:${started.name}`
      const { version = '' } = (payload ?? {}) as { version?: string }
      const life = features ? { attempt, version } : {}
      running++
      recorder.note({ op: 'run', phase: 'invoke', id, epoch, token, ...life })
      const holds = id.startsWith('holds:')
      if (!holds && random.chance(0.9)) await lasting(random.between(0, work))
      // Their first run alone: who has them next goes on.
      if (holds && job.jams === 0) await new Promise(() => {})
      if (id.startsWith('blocks:') && job.jams === 0) spin(3 * part.load.lease)
      if (dies === 'inside') process.kill(process.pid, 'SIGKILL')
      const fails = id.startsWith('fails:') || (features !== undefined && random.chance(0.3))
      const stopped = job.signal.aborted ? { stopped: (job.signal.reason as ConvoyError).code } : {}
      recorder.note({ op: 'run', phase: fails ? 'fail' : 'ok', id, token, ...stopped })
      running--
      // Its settlement is gathered at the end of this tick: the process is gone before.
      if (dies === 'after') process.nextTick(() => process.kill(process.pid, 'SIGKILL'))
      if (fails) throw new Error('as planned')
      return version
    }
    const started = queue.process(handler, { concurrency, prefetch })
    return started
  }
  return {
    // A worker that is closed has let its handlers end.
    pending: () => running,
    start() {
      queue.on('lost', (id) => recorder.note({ op: 'lost', phase: 'note', id }))
      const all = Array.from({ length: workersEach }, begin)
      return async () => void (await Promise.all(all.map((one) => one.close())))
    },
  }
}

/** The event loop stands still for so many ms. */
function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
