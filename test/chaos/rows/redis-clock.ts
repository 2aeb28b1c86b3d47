import { row } from '../row.js'
import { whyNoShim } from '../scene/clock.js'
import { shifted } from '../scene/shifted.js'

const HOUR = 3_600_000
/** ms, each from where the one before had led. */
const STEPS = [900, -900, 1_500, HOUR, -HOUR, -2_000, 10_000]

export const redisClock = row({
  name: 'redis-clock',
  fault: "Redis's clock steps forth and back, in the middle of leases",
  injection:
    'a library loaded before the C library shifts the time of redis-server alone: by 0.9 s, 1.5 s, 2 s, 10 s, an hour',
  holds:
    'epochs rise all the same; the guard holds back after a leap, so that no claim of the living jams; nothing waits for an hour',
  rounds: STEPS.length,
  load: { work: 300, concurrency: 30 },
  reason: whyNoShim,
  open: () => shifted('server'),
  async round(stage, number) {
    const { scene } = stage
    const at = (steps: number): number => STEPS.slice(0, steps).reduce((sum, step) => sum + step, 0)
    // The same steps again in a long run: the sum of all is the next beginning.
    const whole = Math.floor((number - 1) / STEPS.length) * at(STEPS.length)
    const before = Number((await scene.cli<string[]>('TIME'))[0])
    const target = whole + at(((number - 1) % STEPS.length) + 1)
    const step = STEPS[(number - 1) % STEPS.length] ?? 0
    await stage.calm(500, 1_000)
    await stage.fault(`a step of ${step} ms`, async () => scene.shift(target))
    const moved = Number((await scene.cli<string[]>('TIME'))[0]) - before
    if (Math.abs(moved - step / 1_000) > 60) throw new Error(`Redis's clock moved by ${moved} s, not ${step} ms`)
    await stage.calm(1_000, 1_500)
  },
})
