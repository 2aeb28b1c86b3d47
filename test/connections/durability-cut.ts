import { onTestFinished } from 'vitest'
import { LoopDisk } from '../chaos/scene/loop-disk.js'
import type { RedisServer } from '../support/redis-server.js'

/** A disk for one test, whose power can fail. Its server's socket cannot be on it: it is taken away. */
export function diskHere(): LoopDisk {
  const disk = new LoopDisk(32)
  onTestFinished(() => disk.remove())
  return disk
}

/** The power fails and comes back: what the server had not brought to the disk is gone. */
export async function powerCut(server: RedisServer, disk: LoopDisk): Promise<void> {
  server.pause()
  disk.snapshot()
  await server.kill()
  disk.restore()
  await server.restart()
}
