import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/until.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

export const misconf = row({
  name: 'misconf',
  fault: 'Redis cannot write its snapshot, and refuses every write with MISCONF for longer than a lease',
  injection:
    'a folder stands where the snapshot goes, BGSAVE fails; 1.2 to 1.6 leases later the save points are taken away',
  holds: 'all calls wait; no claim of the living jams',
  rounds: 2,
  open: () => single('everysec'),
  async round(stage) {
    const { lease } = stage.load
    const { server } = stage.scene
    const inTheWay = join(server.dir, 'dump.rdb')
    await stage.calm(500, 1_000)
    // The snapshot of the round before.
    rmSync(inTheWay, { force: true })
    mkdirSync(join(inTheWay, 'full'), { recursive: true })
    await server.cli('CONFIG', 'SET', 'save', '3600 1')
    await server.cli('BGSAVE')
    await until('BGSAVE fails', async () => (await server.cli('INFO', 'persistence')).includes('bgsave_status:err'))
    await stage.fault('MISCONF', async () => {
      await stage.calm(1.2 * lease, 1.6 * lease)
      await server.cli('CONFIG', 'SET', 'save', '')
    })
    if (!(await server.cli('INFO', 'errorstats')).includes('errorstat_MISCONF')) throw new Error('nobody was refused')
    rmSync(inTheWay, { recursive: true })
    await server.cli('BGSAVE')
    await until('BGSAVE works', async () => (await server.cli('INFO', 'persistence')).includes('bgsave_status:ok'))
    await stage.calm(500)
  },
})
