import { row } from '../row.js'
import { single } from '../scene/single.js'

export const fullMemory = row({
  name: 'full-memory',
  fault: 'Redis is full (noeviction), for longer than a lease',
  injection: 'CONFIG SET maxmemory 1mb for 1.2 to 1.6 leases, then none',
  holds: 'publishes are refused and have done nothing; claims, renewals, settlements and sweeps go on',
  rounds: 2,
  // A handler that outlasts the lease lives by renewals.
  load: { publishTimeout: 800, work: 400, concurrency: 40 },
  open: () => single('everysec'),
  async round(stage) {
    const { lease } = stage.load
    await stage.calm(500, 1_000)
    await stage.fault('Redis is full', async () => {
      await stage.scene.cli('CONFIG', 'SET', 'maxmemory', '1mb')
      await stage.calm(1.2 * lease, 1.6 * lease)
      await stage.scene.cli('CONFIG', 'SET', 'maxmemory', '0')
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.refused === 0 ? 'no publish was refused' : undefined),
})
