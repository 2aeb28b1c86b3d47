import { type AuditReport, audit, type Kind } from '../../../src/audit/index.js'
import { until } from '../../support/until.js'
import { queueOf } from '../part.js'
import { row } from '../row.js'
import { type Edited, edited } from '../scene/edited.js'
import { key, queueName } from '../scene/look.js'
import type { Stage } from '../stage.js'

interface Edit {
  readonly name: string
  /** What an audit must tell of it. */
  readonly kind: Kind
  /** ms before it from which on publishes may be lost; absent: none may. */
  readonly window?: number
  /** Tells how many entries are gone. */
  by(stage: Stage<Edited>): Promise<number>
}

const SOME = 8
const LONG = 3 * SOME

/** The workers stand still until so many wait that there is something to edit. */
async function onTheLine(stage: Stage<Edited>, edit: () => Promise<number>): Promise<number> {
  const idle = stage.of('worker')
  for (const worker of idle) worker.freeze()
  try {
    await until('some wait', async () => (await stage.scene.cli<number>('LLEN', key('queued'))) >= LONG)
    return await edit()
  } finally {
    for (const worker of idle) worker.thaw()
  }
}

const EDITS: readonly Edit[] = [
  {
    name: 'LREM of some that wait',
    kind: 'nowhere',
    by: (stage) =>
      onTheLine(stage, async () => {
        const { scene } = stage
        let gone = 0
        for (const id of await scene.cli<string[]>('LRANGE', key('queued'), -SOME, -1))
          gone += await scene.cli<number>('LREM', key('queued'), 0, id)
        return gone
      }),
  },
  {
    name: 'ZREM of some that run',
    kind: 'unclaimed',
    // Who publishes one of them now is told that it waits.
    window: 1,
    async by({ scene }) {
      // Those that were claimed last: they run for a while yet.
      const ids = await scene.cli<string[]>('ZRANGE', key('processing'), -SOME, -1)
      return scene.cli<number>('ZREM', key('processing'), ...ids)
    },
  },
  {
    name: 'SREM of some that wait',
    kind: 'totals',
    // The line is shorter than that.
    window: 5_000,
    by: (stage) =>
      onTheLine(stage, async () => {
        const { scene } = stage
        const ids = await scene.cli<string[]>('LRANGE', key('queued'), -SOME, -1)
        return scene.cli<number>('SREM', key('committed'), ...ids)
      }),
  },
  {
    name: 'DEL of the line',
    kind: 'nowhere',
    by: (stage) => onTheLine(stage, () => stage.scene.cli<number>('DEL', key('queued'))),
  },
  { name: 'DEL of the leases', kind: 'unleased', by: ({ scene }) => scene.cli<number>('DEL', key('lease')) },
]

/** What an operator does: he is told of it and mends it in one go, and is told that all is in order. */
async function audited({ scene, load }: Stage<Edited>, { name, kind }: Edit): Promise<void> {
  const { queue } = queueOf({ connect: scene.connect, queue: queueName, load })
  const words = ({ findings }: AuditReport): string =>
    findings.map((one) => `${one.mended} of ${one.count} ${one.kind}`).join(', ') || 'nothing'
  try {
    const told = await audit(queue, { full: true, repair: true })
    if (!told.findings.some((one) => one.kind === kind)) throw new Error(`${name}: the audit found ${words(told)}`)
    const after = await audit(queue)
    if (!after.clean) throw new Error(`${name}: after ${words(told)} the audit still finds ${words(after)}`)
    // What a repair blanks in the line stands there until a claim has passed it.
    const blank = (): Promise<number | null> => scene.cli<number | null>('LPOS', key('queued'), '')
    await until('no entry is blank', async () => (await blank()) === null)
  } finally {
    await queue.close()
  }
}

export const handEdits = row({
  name: 'hand-edits',
  fault: 'somebody edits the keys of the queue by hand, under load',
  injection: `${EDITS.map(({ name }) => name).join(', ')} in turn, and audits`,
  holds:
    'the audit tells of each and mends it while all go on: what stood in the line or ran is not lost, what was taken out of the committed may be; nothing is made up, and the books are right from there on',
  rounds: EDITS.length,
  // Long enough for an audit to see what runs.
  load: { work: 400, concurrency: 20 },
  open: edited,
  async round(stage, number) {
    const edit = EDITS[(number - 1) % EDITS.length] as Edit
    await stage.calm(300, 600)
    const byHand = (): Promise<void> =>
      stage.scene.unseen(async () => {
        if ((await edit.by(stage)) === 0) throw new Error(`${edit.name}: nothing was there`)
        await audited(stage, edit)
      })
    await stage.fault(edit.name, byHand, edit.window)
    await stage.calm(300)
  },
})
