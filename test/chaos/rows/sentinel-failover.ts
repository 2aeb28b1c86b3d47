import { row } from '../row.js'
import { watched } from '../scene/sentinel.js'

/** ms: replication is asynchronous; what the replica did not have yet when its master died is gone. */
const WINDOW = 1_000
/** ms for which the replica hears nothing before its master goes: what is answered then is on the master alone. */
const LAG = 300

const sentinelFailover = (durable: boolean) =>
  row({
    name: `sentinel-failover${durable ? '-durable' : ''}`,
    fault: 'the master of a Sentinel group dies, or hangs and comes back as a master of nobody; its replica takes over',
    injection: `${durable ? 'durability { replicas: 1 }; ' : ''}three sentinels; the replica is cut off for ${LAG} ms, then SIGKILL and SIGSTOP for the master in turn; it comes back and must follow`,
    holds: durable
      ? 'LOST is 0: what was answered was on the replica; without a replica no publish is answered but by OUTCOME_UNKNOWN'
      : `without durability: LOST is within ${WINDOW} ms before the failover, and counted; law L1 holds, and all go on by themselves`,
    rounds: 2,
    // As much as the workers can do: so that some of what is answered in the lag is not done by its end.
    load: { publishTimeout: 20_000, work: 100 },
    // Ends are not waited for by any replica: what has run may run again.
    allow: { rollback: true },
    open: () => watched(durable ? { replicas: 1, timeout: 500 } : 'memory'),
    async round(stage, number) {
      const { scene } = stage
      const hangs = number % 2 === 0
      await stage.calm(1_000, 2_000)
      const failOver = (): Promise<void> => {
        const { replica } = scene
        return scene.failOver(async (master) => {
          replica.pause()
          await master.cli('CLIENT', 'KILL', 'TYPE', 'replica')
          await stage.calm(LAG)
          if (hangs) master.pause()
          else await master.kill()
          replica.resume()
        })
      }
      const window = durable ? undefined : WINDOW
      await stage.fault(hangs ? 'the master hangs' : 'the master dies', failOver, window)
      await stage.calm(1_000)
      // One that hung takes itself for the master until the sentinels reach it.
      const back = (): Promise<void> => scene.rejoin(async (old) => (hangs ? old.resume() : old.restart()))
      await stage.fault('the old master comes back', back, window)
    },
    toothless: ({ findings: { unknown, withinWindow } }) => {
      if (durable) return unknown === 0 ? 'every publish was confirmed' : undefined
      return withinWindow === 0 ? 'nothing was lost' : undefined
    },
  })

export const sentinelFailoverPlain = sentinelFailover(false)
export const sentinelFailoverDurable = sentinelFailover(true)
