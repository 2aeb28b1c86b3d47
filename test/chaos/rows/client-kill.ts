import { row } from '../row.js'
import { single } from '../scene/single.js'

export const clientKill = row({
  name: 'client-kill',
  fault: 'storms of lost connections: every client is cut, also while its answer is on the way',
  injection: 'CLIENT KILL TYPE normal every 20 to 300 ms for 3 s',
  holds: 'calls are repeated unseen; no claim jams, none is orphaned',
  rounds: 2,
  open: () => single('everysec'),
  async round(stage) {
    await stage.fault('CLIENT KILL', async () => {
      const end = performance.now() + 3_000
      while (performance.now() < end) {
        await stage.scene.cli('CLIENT', 'KILL', 'TYPE', 'normal')
        await stage.calm(20, 300)
      }
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.repeated === 0 ? 'no answer was lost' : undefined),
})
