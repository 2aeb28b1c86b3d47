import { until } from '../../support/until.js'
import { LOAD } from '../load.js'
import { row } from '../row.js'
import { whyNoShim } from '../scene/clock.js'
import { key } from '../scene/look.js'
import { setBack } from '../scene/set-back.js'

const HOUR = 3_600_000
/** ms that the clock of each new master is behind that of the old one. */
const STEPS = [5_000, HOUR, 1_500]
/** ms. A lease that the step meets begins anew. */
const RECOVERY = 2 * LOAD.lease + 2.5 * LOAD.every + 1_000

export const failoverClock = row({
  name: 'failover-clock',
  fault: "the clock of the new master is behind that of the old one: by a failover the queue's time steps back",
  injection:
    'a library loaded before the C library shifts the time of the replica alone: by 5 s, an hour, 1.5 s behind its master; SIGKILL for a worker and a guard, then FAILOVER, under load',
  holds:
    'epochs rise all the same, from the last one that the old master gave; no token comes twice, no claim of the living jams, nothing is lost; what the dead held waits for one lease more, and not for an hour',
  rounds: STEPS.length,
  load: { work: 300, concurrency: 30 },
  allow: { recovery: RECOVERY },
  reason: whyNoShim,
  open: setBack,
  async round(stage, number) {
    const { scene } = stage
    const step = STEPS[(number - 1) % STEPS.length] ?? 0
    /** ms */
    const now = async (): Promise<number> => {
      const [s, us] = await scene.cli<string[]>('TIME')
      return Number(s) * 1_000 + Number(us) / 1_000
    }
    await stage.calm(500, 1_000)
    await Promise.all([stage.killOne('worker'), stage.killOne('guard')])
    const tokens = async (): Promise<string[]> =>
      (await scene.cli<string[]>('HVALS', key('lease'))).map((token) => token.replace('~', ''))
    const held = new Set(await tokens())
    const ahead = (await now()) - Date.now()
    await stage.fault(`a failover to a master ${step} ms behind`, () => scene.changeBack(step))
    const moved = (await now()) - Date.now() - ahead
    if (Math.abs(moved + step) > 500) throw new Error(`the queue's time moved by ${moved} ms, not back by ${step}`)
    await stage.calm(1_000, 1_500)
    const epoch = Number(await scene.cli('HGET', key('totals'), 'epoch'))
    // By now it has given epochs of its own: they go on from those of the old master.
    if (step >= HOUR && epoch < ((await now()) + step / 2) * 1_000)
      throw new Error(`epoch ${epoch} is of the new master's own time`)
    // What jams twice is delayed, and waits for as long as the clock goes back: that is said, and not what is asked here.
    const jammed = async (): Promise<boolean> =>
      (await scene.cli<string[]>('HVALS', key('tries'))).some((tries) => !tries.endsWith(':0'))
    const over = async (): Promise<boolean> => !(await tokens()).some((token) => held.has(token)) && !(await jammed())
    await until('all that was held has ended, and what jammed has run again', over, RECOVERY)
  },
  toothless: ({ findings }) => (findings.runs < 200 ? 'hardly anything ran' : undefined),
})
