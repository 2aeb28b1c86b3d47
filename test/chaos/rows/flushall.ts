import { row } from '../row.js'
import { single } from '../scene/single.js'

/** ms: whatever was accepted before may be gone. */
const EVERYTHING = 1e9

export const flushall = row({
  name: 'flushall',
  fault: 'somebody empties the server under load',
  injection: 'FLUSHALL',
  holds: 'what was in the queue is gone and counted; what comes after is kept, and the books are right from there on',
  rounds: 2,
  // As much as the workers can do: so that some is waiting to be lost.
  load: { work: 100 },
  allow: { rollback: true },
  open: () => single('always'),
  async round(stage) {
    await stage.calm(800, 1_500)
    await stage.fault('FLUSHALL', () => stage.scene.cli('FLUSHALL'), EVERYTHING)
    await stage.calm(1_500)
  },
  toothless: ({ findings }) => (findings.withinWindow === 0 ? 'nothing was lost' : undefined),
})
