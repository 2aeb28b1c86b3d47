import { row } from '../row.js'
import { watched } from '../scene/sentinel.js'

/** ms: replication is asynchronous; what the replica did not have yet when its master died is gone. */
const WINDOW = 1_000

export const sentinelFailover = row({
  name: 'sentinel-failover',
  fault: 'the master of a Sentinel group dies, or hangs and comes back as a master of nobody; its replica takes over',
  injection: 'three sentinels; SIGKILL and SIGSTOP in turn; the old master comes back and must follow',
  holds: `without durability: LOST is within ${WINDOW} ms before the failover, and counted; law L1 holds, and all go on by themselves`,
  rounds: 2,
  load: { publishTimeout: 20_000 },
  allow: { rollback: true },
  open: watched,
  async round(stage, number) {
    const { scene } = stage
    const hangs = number % 2 === 0
    await stage.calm(1_000, 2_000)
    const failOver = async (): Promise<void> => {
      await scene.failOver(async (master) => (hangs ? master.pause() : master.kill()))
      if (hangs) await scene.rejoin(async (old) => old.resume())
    }
    await stage.fault(hangs ? 'the master hangs' : 'the master dies', failOver, WINDOW)
    await stage.calm(1_000)
    if (!hangs) await scene.rejoin((old) => old.restart())
  },
})
