import type { Durability } from '../../../src/index.js'
import { ALL_RULES, DURABLE_RULES } from '../../support/access.js'
import { LoopDisk } from './loop-disk.js'
import { type Fsync, type Single, single } from './single.js'

export interface OnDisk extends Single {
  readonly disk: LoopDisk
}

/** What the append-only file grows by in a minute of load, and half of it again. */
const A_MINUTE = 30

/** One server whose files are on a disk of its own, with room for a dose of so many minutes; all ask for `durability`. */
export async function onDisk(
  fsync: Fsync,
  megabytes: number,
  minutes: number,
  durability: Durability = 'memory',
): Promise<OnDisk> {
  const disk = new LoopDisk(megabytes + Math.ceil(A_MINUTE * minutes))
  // Its socket cannot be on the disk that is taken away.
  const scene = await single(fsync, {
    ...{ port: 'tcp', dir: disk.folder },
    rules: [...ALL_RULES, ...DURABLE_RULES],
  })
  const stop = async (): Promise<void> => {
    await scene.stop()
    disk.remove()
  }
  return { ...scene, disk, durability, stop }
}
