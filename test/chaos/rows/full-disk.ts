import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/until.js'
import { row } from '../row.js'
import { whyNoDisk } from '../scene/loop-disk.js'
import { onDisk } from '../scene/on-disk.js'

/** Takes what is left of the disk. */
function fill(folder: string): string {
  const ballast = join(folder, 'ballast')
  for (let size = 4_194_304; size >= 1_024; ) {
    try {
      writeFileSync(ballast, Buffer.alloc(size, 1), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size /= 2
    }
  }
  return ballast
}

const fullDisk = (fsync: 'always' | 'everysec') =>
  row({
    name: `full-disk-${fsync}`,
    fault:
      fsync === 'always'
        ? 'the disk is full: with appendfsync always Redis gives up and ends'
        : 'the disk is full: with appendfsync everysec Redis refuses writes with MISCONF',
    injection: `a file takes what is left of the disk, is removed ${fsync === 'always' ? 'once Redis has ended, and Redis started again' : '0.4 to 0.8 leases after Redis has noticed'}`,
    holds: 'nothing accepted is lost; all go on once there is room',
    rounds: 2,
    reason: whyNoDisk,
    open: (minutes) => onDisk(fsync, 16, minutes),
    async round(stage) {
      const { server, disk } = stage.scene
      await stage.calm(800, 1_500)
      await stage.fault('the disk is full', async () => {
        const ballast = fill(disk.folder)
        if (fsync === 'always') await until('Redis ends', async () => !server.running)
        else {
          await until('MISCONF', async () => (await server.cli('INFO', 'persistence')).includes('write_status:err'))
          await stage.calm(0.4 * stage.load.lease, 0.8 * stage.load.lease)
        }
        rmSync(ballast)
        if (fsync === 'always') await server.restart()
        else await until('it writes', async () => (await server.cli('INFO', 'persistence')).includes('write_status:ok'))
      })
      await stage.calm(800)
    },
  })

export const fullDiskAlways = fullDisk('always')
export const fullDiskEverysec = fullDisk('everysec')
