import { row } from '../row.js'
import { proxied } from '../scene/proxied.js'

export const netSlow = row({
  name: 'net-slow',
  fault: 'the network is slow',
  injection: 'a proxy that delays every reply by 50 to 500 ms, another delay every half second',
  holds: 'nobody hears of it: exactly one run for each accepted publish',
  rounds: 1,
  allow: { exact: true },
  load: { concurrency: 40 },
  open: proxied,
  async round(stage) {
    const { proxy } = stage.scene
    await stage.fault('slow', async () => {
      for (let i = 0; i < 6; i++) {
        proxy.delay(stage.random.between(50, 500))
        await stage.calm(500)
      }
      proxy.delay(0)
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.runs < 50 ? 'hardly anything ran' : undefined),
})
