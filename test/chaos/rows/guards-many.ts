import { readFileSync } from 'node:fs'
import { until } from '../../support/until.js'
import type { Actor } from '../actor.js'
import { LOAD } from '../load.js'
import { row } from '../row.js'
import { key } from '../scene/look.js'
import { single } from '../scene/single.js'
import type { Stage } from '../stage.js'

/** How many jams this guard has written down. */
const told = ({ part }: Actor): number => readFileSync(part.file, 'utf8').split('"op":"jammed"').length - 1

const holder = ({ scene }: Stage): Promise<string> => scene.cli('HGET', key('guard'), 'holder')

/** A worker dies. Who leads is the guard that tells of what it held: the server knows it by a random name alone. */
async function leader(stage: Stage): Promise<Actor> {
  const before = new Map(stage.of('guard').map((guard) => [guard, told(guard)]))
  const recovering = (): Actor | undefined => stage.of('guard').find((guard) => told(guard) > (before.get(guard) ?? 0))
  await stage.killOne('worker')
  await until('a guard recovers something', async () => recovering() !== undefined)
  return recovering() as Actor
}

export const guardsMany = row({
  name: 'guards-many',
  fault: 'of eight jam guards the one that leads stands still and comes back, then the one that took over dies',
  injection:
    'SIGKILL for a worker, to see who leads; SIGSTOP for that guard, SIGCONT 1.2 leases later or more; SIGKILL for the next that leads and a worker at once',
  holds: 'each time another guard takes the seat within one and a half intervals; nothing is recovered twice',
  rounds: 1,
  load: { guards: 8, work: 200, concurrency: 20 },
  allow: { recovery: LOAD.lease + 2.5 * LOAD.every + 1_000 },
  open: () => single('everysec'),
  async round(stage) {
    await stage.calm(100, 400)
    const first = await leader(stage)
    const before = await holder(stage)
    first.freeze()
    const [second] = await Promise.all([leader(stage), stage.calm(1.2 * stage.load.lease)])
    const after = await holder(stage)
    if (after === before) throw new Error('the guard that stands still has the seat all the same')
    first.thaw()
    await Promise.all([stage.kill(second), stage.killOne('worker')])
    await until('another guard has the seat', async () => (await holder(stage)) !== after)
  },
  toothless: ({ findings }) => (findings.jammed === 0 ? 'there was nothing to recover' : undefined),
})
