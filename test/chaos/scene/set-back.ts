import { ShiftedClock } from './clock.js'
import { type Pair, pairOf } from './pair.js'

export interface SetBack extends Pair {
  /** Master and replica change places; the clock of the new master is so many ms behind that of the old one. */
  changeBack(ms: number): Promise<void>
}

/** A master and a replica, each with a clock of its own. */
export async function setBack(): Promise<SetBack> {
  let [clock, next] = [new ShiftedClock(), new ShiftedClock()] as const
  const scene = await pairOf(clock.env, next.env)
  /** ms that the master's clock is ahead of the machine's: it falls from change to change. */
  let ahead = 0
  return {
    ...scene,
    get pids() {
      return scene.pids
    },
    async changeBack(ms) {
      ahead -= ms
      next.shift(ahead)
      await scene.change()
      ;[clock, next] = [next, clock]
    },
    async stop() {
      await scene.stop()
      for (const one of [clock, next]) one.remove()
    },
  }
}
