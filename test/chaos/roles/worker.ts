import type { ConvoyError, Job, Queue, Worker } from '../../../src/index.js'
import { THROWN, WAYS } from '../../support/odd-ends.js'
import type { Recorder } from '../history.js'
import type { Part } from '../part.js'
import { Random } from '../random.js'
import { lasting } from '../time.js'
import type { Role } from './role.js'

/** Runs what it gets, for a random time, and writes down when a handler starts and ends, and under which claim. */
export function worker(queue: Queue<unknown>, part: Part, recorder: Recorder): Role {
  const random = new Random(part.seed)
  const { concurrency, prefetch, work, features, workersEach = 1, odd = 0, hangs = 0, jobTimeout } = part.load
  const limits = jobTimeout === undefined ? {} : { jobTimeout, abortGrace: 100 }
  /** Where the next handler takes the process down. */
  let dies = ''
  let running = 0
  process.on('message', (order) => {
    if (order === 'inside' || order === 'after') dies = order
  })
  const begin = (): Worker => {
    const begun = ({ id, epoch, attempt, payload }: Job): { token: string; version: string } => {
      const token = `${epoch}:${started.name}`
      const { version = '' } = (payload ?? {}) as { version?: string }
      recorder.note({ op: 'run', phase: 'invoke', id, epoch, token, ...(features ? { attempt, version } : {}) })
      return { token, version }
    }
    const throwing = (job: Job): unknown => {
      const { token } = begun(job)
      recorder.note({ op: 'run', phase: 'fail', id: job.id, token })
      const [[, thrown], [, way]] = [random.pick(THROWN), random.pick(WAYS)]
      return way(thrown)(job)
    }
    const hanging = (job: Job): Promise<never> => {
      const { token } = begun(job)
      // For the queue it ends with its time, or with its worker.
      job.signal.addEventListener('abort', () =>
        recorder.note({
          op: 'run',
          phase: 'fail',
          id: job.id,
          token,
          stopped: (job.signal.reason as ConvoyError).code,
        }),
      )
      return new Promise(() => {})
    }
    const working = async (job: Job): Promise<unknown> => {
      const { id } = job
      running++
      const { token, version } = begun(job)
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
    const handler = (job: Job): unknown => {
      if (odd > 0 && random.chance(odd)) return throwing(job)
      return hangs > 0 && random.chance(hangs) ? hanging(job) : working(job)
    }
    const started = queue.process(handler, { concurrency, prefetch, ...limits })
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
