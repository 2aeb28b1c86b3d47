import { row } from '../row.js'
import { whyNoDisk } from '../scene/loop-disk.js'
import { onDisk } from '../scene/on-disk.js'
import type { Fsync } from '../scene/single.js'

/** ms of accepted work that a power cut may take: none, the budget of everysec, whatever the system had not written. */
const WINDOW: Readonly<Record<Fsync, number | undefined>> = { always: undefined, everysec: 2_000, no: 60_000 }

const powerCut = (fsync: Fsync) =>
  row({
    name: `power-cut-${fsync}`,
    fault: `the power fails under Redis (appendfsync ${fsync}): what had not reached the disk is gone`,
    injection:
      'Redis stands on ext4 in a loop file; SIGSTOP, the file is copied, SIGKILL; the copy is mounted in its place and Redis started again',
    holds: `LOST ${fsync === 'always' ? 'is 0' : `is within ${WINDOW[fsync]} ms before the cut, and counted`}; law L1 holds on what is left`,
    rounds: fsync === 'no' ? 1 : 2,
    // As much as the workers can do: so that some is waiting when the power fails.
    load: { work: 100 },
    allow: fsync === 'always' ? {} : { rollback: true },
    reason: whyNoDisk,
    open: () => onDisk(fsync, 64),
    async round(stage) {
      const { server, disk } = stage.scene
      await stage.calm(2_000, 3_500)
      const cut = async (): Promise<void> => {
        server.pause()
        disk.snapshot()
        await server.kill()
        disk.restore()
        await server.restart()
      }
      await stage.fault('the power fails', cut, WINDOW[fsync])
      await stage.calm(1_000)
    },
    toothless: ({ findings }) => {
      const { withinWindow, runs, accepted } = findings
      return fsync !== 'always' && withinWindow === 0 && runs <= accepted ? 'nothing was lost or undone' : undefined
    },
  })

export const powerCutAlways = powerCut('always')
export const powerCutEverysec = powerCut('everysec')
export const powerCutNo = powerCut('no')
