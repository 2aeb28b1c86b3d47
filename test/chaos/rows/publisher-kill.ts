import { row } from '../row.js'
import { single } from '../scene/single.js'

export const publisherKill = row({
  name: 'publisher-kill',
  fault: 'a publisher dies before, while and after its publishes are answered',
  injection: 'SIGKILL at a random moment under load: some calls are open then',
  holds: 'what was answered runs exactly once; what was open runs once or not at all',
  rounds: 6,
  load: { burst: 6, publishers: 3, work: 20 },
  allow: { exact: true },
  open: () => single('everysec'),
  async round(stage) {
    await stage.calm(100, 800)
    await stage.killOne('publisher')
  },
})
