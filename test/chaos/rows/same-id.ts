import { row } from '../row.js'
import { key } from '../scene/look.js'
import { single } from '../scene/single.js'
import type { Stage } from '../stage.js'

async function met({ scene }: Stage): Promise<number> {
  return Number(await scene.cli('HGET', key('totals'), 'duplicates'))
}

export const sameId = row({
  name: 'same-id',
  fault: 'four publishers name the same twenty IDs all the time, while these are claimed, settled and swept',
  injection:
    'a thousand publishes a second, one by one and in bulk, where an ID may come twice; SIGKILL for a worker in each round',
  holds: 'an ID goes in once and is in line once, until it has run: all others are told that it is there',
  rounds: 3,
  load: { publishers: 4, burst: 10, shared: 1, sharedIds: 20, work: 20 },
  open: () => single('everysec'),
  async round(stage, number) {
    const before = await met(stage)
    await stage.calm(300, 800)
    await stage.killOne('worker', number % 2 === 0 ? 'inside' : undefined)
    // Until what it held has come back.
    await stage.calm(stage.load.lease)
    const duplicates = (await met(stage)) - before
    if (duplicates < 500) throw new Error(`no more than ${duplicates} publishes met an ID that was there`)
  },
  toothless: ({ findings }) => (findings.jammed === 0 ? 'no claim was left behind' : undefined),
})
