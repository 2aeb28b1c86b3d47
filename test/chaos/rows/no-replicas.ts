import { LOAD } from '../load.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

const LEASE = 4_000

export const noReplicas = row({
  name: 'no-replicas',
  fault:
    'the replicas that the server must have are gone: it refuses every write with NOREPLICAS, for longer than a lease',
  injection: 'CONFIG SET min-replicas-to-write 1, without any; 0 again 1.1 to 1.3 leases later',
  holds: 'publishes are refused and have done nothing; all other calls wait, and no claim of the living jams',
  rounds: 1,
  // As in redis-stall. The file of a server that ought to be elsewhere is dialled anew, and nobody knows better.
  load: { lease: LEASE, publishTimeout: 800, work: 2_000, concurrency: 100 },
  allow: { recovery: LEASE + LOAD.every + 1_000 },
  open: () => single('everysec'),
  async round(stage) {
    const { scene, load } = stage
    await stage.calm(500, 1_000)
    await stage.fault('NOREPLICAS', async () => {
      await scene.cli('CONFIG', 'SET', 'min-replicas-to-write', 1)
      await stage.calm(1.1 * load.lease, 1.3 * load.lease)
      await scene.cli('CONFIG', 'SET', 'min-replicas-to-write', 0)
    })
    if (!(await scene.cli('INFO', 'errorstats')).includes('errorstat_NOREPLICAS')) throw new Error('nobody was refused')
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.refused === 0 ? 'no publish was refused' : undefined),
})
