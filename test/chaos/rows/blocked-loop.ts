import { queueOf } from '../part.js'
import { row } from '../row.js'
import { queueName } from '../scene/look.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

/** Puts in an ID whose handler computes for three leases, and writes that down as any publisher does. */
async function publish(stage: Stage<Single>, call: number): Promise<void> {
  const { queue } = queueOf({ connect: stage.scene.connect, queue: queueName, load: stage.load })
  const id = `blocks:${call}`
  stage.note({ op: 'publish', phase: 'invoke', call, ids: [id] })
  try {
    const { outcome, guaranteed, repeated = false } = await queue.publish(id)
    stage.note({ op: 'publish', phase: 'ok', call, reply: [{ outcome, guaranteed, repeated }] })
  } finally {
    await queue.close()
  }
}

export const blockedLoop = row({
  name: 'blocked-loop',
  fault:
    'a handler computes for three leases: the event loop of its worker stands still, and no heartbeat renews for it',
  injection: 'an ID whose first run is a busy wait in a worker with other handlers at work',
  holds: 'others run what that worker held; its late settlements are answered `lost` and change nothing',
  rounds: 1,
  // Those who took over are still at work when it comes back: only then can a late end harm them. And all have room:
  // whoever begins nothing then has not resumed.
  load: { publishers: 1, burst: 1, workers: 3, work: 6_000, concurrency: 400 },
  allow: { expiries: true },
  open: () => single('everysec'),
  async round(stage, number) {
    await stage.calm(800, 1_200)
    await stage.fault('an event loop stands still', async () => {
      await publish(stage, number)
      await stage.calm(3.2 * stage.load.lease)
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.lost === 0 ? 'no claim was lost' : undefined),
})
