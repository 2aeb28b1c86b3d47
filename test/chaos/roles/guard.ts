import type { JammedJob, Queue } from '../../../src/index.js'
import type { Recorder } from '../history.js'
import type { Part } from '../part.js'
import type { Role } from './role.js'

/** Sweeps, and writes down what it recovered. */
export function guard(queue: Queue<unknown>, part: Part, recorder: Recorder): Role {
  const tell = (jobs: readonly JammedJob[]): void => {
    for (const { id, epoch, worker, jams, started } of jobs) {
      recorder.note({ op: 'jammed', phase: 'note', id, token: `${epoch}:${worker}`, jams, started })
    }
  }
  return {
    // None but that of `close`; a sweep that ends after it would tell of itself, and the checker sees that.
    pending: () => 0,
    start() {
      const started = queue.jamGuard({ every: part.load.every }, tell)
      return () => started.close()
    },
  }
}
