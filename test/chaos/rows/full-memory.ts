import { row } from '../row.js'
import { key } from '../scene/look.js'
import { type Single, single } from '../scene/single.js'
import type { Stage } from '../stage.js'

/** Claims that outlived their lease while Redis was full. Anew in each play of the row. */
let renewed = 0

/** Claims that are older than this, ms. */
async function olderThan({ scene }: Stage<Single>, ms: number): Promise<number> {
  // A token begins with its epoch: the time of its claim in µs, by the server's clock.
  const tokens = await scene.cli<string[]>('HVALS', key('lease'))
  const [seconds = 0] = (await scene.cli<string[]>('TIME')).map(Number)
  return tokens.filter((token) => 1_000 * seconds - Number.parseInt(token, 10) / 1_000 > ms).length
}

export const fullMemory = row({
  name: 'full-memory',
  fault: 'Redis is full (noeviction), for longer than a lease',
  injection: 'CONFIG SET maxmemory 1mb for 1.2 to 1.6 leases, then none',
  holds: 'publishes are refused and have done nothing; claims, renewals, settlements and sweeps go on',
  rounds: 2,
  // Handlers outlast the lease, and there is room for those that are claimed meanwhile: what runs lives by its renewals.
  load: { publishers: 1, publishTimeout: 800, work: 5_000, concurrency: 150, burst: 1 },
  open() {
    renewed = 0
    return single('everysec')
  },
  async round(stage) {
    const { scene, load } = stage
    await stage.calm(500, 1_000)
    await stage.fault('Redis is full', async () => {
      await scene.cli('CONFIG', 'SET', 'maxmemory', '1mb')
      await stage.calm(1.2 * load.lease, 1.6 * load.lease)
      renewed += await olderThan(stage, load.lease)
      await scene.cli('CONFIG', 'SET', 'maxmemory', '0')
    })
    await stage.calm(500)
  },
  toothless({ findings }) {
    if (findings.refused === 0) return 'no publish was refused'
    return renewed === 0 ? 'no claim has outlived its lease' : undefined
  },
})
