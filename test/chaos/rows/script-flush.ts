import { row } from '../row.js'
import { single } from '../scene/single.js'
import { lasting } from '../time.js'

export const scriptFlush = row({
  name: 'script-flush',
  fault: 'the script cache is emptied, again and again',
  injection: 'SCRIPT FLUSH every 50 ms for 3 s',
  holds: 'nobody hears of it: exactly one run for each accepted publish',
  rounds: 1,
  allow: { exact: true },
  open: () => single('everysec'),
  async round(stage) {
    await stage.fault('SCRIPT FLUSH', async () => {
      const end = performance.now() + 3_000
      while (performance.now() < end) {
        await stage.scene.cli('SCRIPT', 'FLUSH')
        await lasting(50)
      }
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.runs < 100 ? 'hardly anything ran' : undefined),
})
