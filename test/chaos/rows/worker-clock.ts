import { row } from '../row.js'
import { whyNoShim } from '../scene/clock.js'
import { shifted } from '../scene/shifted.js'

const HOUR = 3_600_000
/** ms ahead of the machine's clock, one after the other. */
const OFFSETS = [1_500, -1_500, HOUR, -HOUR, 24 * HOUR, 0]

export const workerClock = row({
  name: 'worker-clock',
  fault: "the clock of the workers' machine steps forth and back, in the middle of jobs",
  injection: 'a library loaded before the C library shifts the time of the workers alone: by 1.5 s, an hour, a day',
  holds: "nobody hears of it (law L8: clients' clocks decide nothing): exactly one run for each accepted publish",
  rounds: OFFSETS.length,
  load: { work: 300, concurrency: 30 },
  allow: { exact: true },
  reason: whyNoShim,
  open: () => shifted('workers'),
  async round(stage, number) {
    const offset = OFFSETS[(number - 1) % OFFSETS.length] ?? 0
    await stage.calm(300, 800)
    await stage.fault(`${offset} ms ahead`, async () => stage.scene.shift(offset))
    for (const worker of stage.of('worker')) {
      const off = (await worker.clock()) - Date.now() - offset
      if (Math.abs(off) > 1_000) throw new Error(`a worker's clock is not ${offset} ms ahead, but ${off} ms more`)
    }
    await stage.calm(700)
  },
  toothless: ({ findings }) => (findings.runs < 100 ? 'hardly anything ran' : undefined),
})
