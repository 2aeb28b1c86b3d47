import { type AuditReport, audit } from '../../../src/audit/index.js'
import { until } from '../../support/until.js'
import { queueOf } from '../part.js'
import { row } from '../row.js'
import { key, queueName } from '../scene/look.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

/** ms: whatever was accepted before may be gone. */
const EVERYTHING = 1e9

/** What an operator does: he is told of it, mends it, and is told that all is in order. */
async function audited({ scene, load }: Stage<Single>, waiting: readonly string[], entered: number): Promise<void> {
  const { queue } = queueOf({ connect: scene.connect, queue: queueName, load })
  const words = ({ findings }: AuditReport): string => findings.map(({ kind }) => kind).join(', ') || 'nothing'
  try {
    const told = await audit(queue)
    if (!told.findings.some(({ kind }) => kind === 'meta')) throw new Error(`the audit found ${words(told)}`)
    if (told.entered >= entered) throw new Error(`${told.entered} entered, says the audit; ${entered} did before`)
    const lost = (await queue.inspectMany(waiting)).filter(({ state }) => state === 'absent').length
    if (waiting.length > 0 && lost === 0) throw new Error(`all ${waiting.length} IDs are still there`)
    await audit(queue, { repair: true })
    const after = await audit(queue)
    if (!after.clean) throw new Error(`after the repair the audit still finds ${words(after)}`)
  } finally {
    await queue.close()
  }
}

export const flushall = row({
  name: 'flushall',
  fault: 'somebody empties the server under load',
  injection: 'FLUSHALL, and audits',
  holds:
    'what was in the queue is gone and counted; an audit says so and how little entered since, a repair makes it clean; what comes after is kept, and the books are right from there on',
  rounds: 2,
  // As much as the workers can do: so that some is waiting to be lost.
  load: { work: 100 },
  allow: { rollback: true },
  open: () => single('always'),
  async round(stage) {
    const { scene } = stage
    await stage.calm(800, 1_500)
    const empty = async (): Promise<void> => {
      const entered = Number(await scene.cli('HGET', key('totals'), 'entered'))
      const waiting = await scene.cli<string[]>('SMEMBERS', key('committed'))
      await scene.cli('FLUSHALL')
      // Of a queue that nobody has used since, nobody can tell that it was ever there.
      const published = async (): Promise<number> => Number(await scene.cli('HGET', key('totals'), 'published'))
      await until('somebody published since', async () => (await published()) > 0)
      await audited(stage, waiting, entered)
    }
    await stage.fault('FLUSHALL', empty, EVERYTHING)
    await stage.calm(1_500)
  },
  toothless: ({ findings }) => (findings.withinWindow === 0 ? 'nothing was lost' : undefined),
})
