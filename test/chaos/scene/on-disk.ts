import { LoopDisk } from './loop-disk.js'
import { type Fsync, type Single, single } from './single.js'

export interface OnDisk extends Single {
  readonly disk: LoopDisk
}

/** One server whose files are on a disk of its own. */
export async function onDisk(fsync: Fsync, megabytes: number): Promise<OnDisk> {
  const disk = new LoopDisk(megabytes)
  // Its socket cannot be on the disk that is taken away.
  const scene = await single(fsync, { port: 'tcp', dir: disk.folder })
  const stop = async (): Promise<void> => {
    await scene.stop()
    disk.remove()
  }
  return { ...scene, disk, stop }
}
