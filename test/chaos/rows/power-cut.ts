import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { row } from '../row.js'
import { whyNoDisk } from '../scene/loop-disk.js'
import { onDisk } from '../scene/on-disk.js'
import type { Fsync } from '../scene/single.js'

/** ms of accepted work that a power cut may take: none, the budget of everysec, whatever the system had not written. */
const WINDOW: Readonly<Record<Fsync, number | undefined>> = { always: undefined, everysec: 2_000, no: 60_000 }
/** ms for which IDs gather in line before the cut: they are what can be lost. */
const BACKLOG = 700

/** Bytes of the append-only file. */
function written(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith('.aof'))
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

const powerCut = (fsync: Fsync) =>
  row({
    name: `power-cut-${fsync}`,
    fault: `the power fails under Redis (appendfsync ${fsync}): what had not reached the disk is gone`,
    injection: `${fsync === 'always' ? "durability 'disk'; " : ''}Redis stands on ext4 in a loop file; ${fsync === 'always' ? '' : 'the workers stand still until there is a line; '}SIGSTOP, the file is copied, SIGKILL; the copy is mounted in its place and Redis started again`,
    holds: `LOST ${fsync === 'always' ? 'is 0, and no end is taken back' : `is within ${WINDOW[fsync]} ms before the cut, and counted`}; law L1 holds on what is left`,
    rounds: 2,
    load: { work: 100 },
    allow: fsync === 'always' ? {} : { rollback: true },
    reason: whyNoDisk,
    open: (minutes) => onDisk(fsync, 64, minutes, fsync === 'always' ? 'disk' : 'memory'),
    async round(stage) {
      const { server, disk, aof } = stage.scene
      await stage.calm(2_000, 3_500)
      // Where nothing may be lost no claim may lapse either.
      const idle = fsync === 'always' ? [] : stage.of('worker')
      for (const worker of idle) worker.freeze()
      await stage.calm(BACKLOG)
      const cut = async (): Promise<void> => {
        server.pause()
        const before = written(aof)
        disk.snapshot()
        await server.kill()
        disk.restore()
        stage.undone += before - written(aof)
        await server.restart()
        for (const worker of idle) worker.thaw()
      }
      await stage.fault('the power fails', cut, WINDOW[fsync])
      await stage.calm(1_000)
    },
    // What was undone may all have been done again, or have ended before: LOST says how much was not.
    toothless: ({ undone, rounds }) =>
      fsync !== 'always' && undone === 0
        ? `in ${rounds} cuts the disk had every byte that Redis had written`
        : undefined,
  })

export const powerCutAlways = powerCut('always')
export const powerCutEverysec = powerCut('everysec')
export const powerCutNo = powerCut('no')
