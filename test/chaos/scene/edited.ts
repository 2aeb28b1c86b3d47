import { startRedis } from '../../support/redis-server.js'
import type { Scene } from './scene.js'

export interface Edited extends Scene {
  /** Nobody looks while this goes on: it breaks the laws on purpose, and mends what it broke. */
  unseen<T>(work: () => Promise<T>): Promise<T>
}

/** One server whose keys are edited by hand. It keeps no history to be judged: the edits are in it. */
export async function edited(): Promise<Edited> {
  const server = await startRedis()
  let hidden = false
  let looking: Promise<unknown> = Promise.resolve()
  return {
    connect: { kind: 'url', url: server.url },
    cli(...args) {
      // Of the harness's commands the looks alone are scripts.
      if (args[0] !== 'EVAL_RO') return server.cli(...args)
      if (hidden) return Promise.reject(new Error('nobody may look now'))
      const look = server.cli<never>(...args)
      looking = look.catch(() => {})
      return look
    },
    async unseen(work) {
      hidden = true
      // One that is on its way sees all as it was before.
      await looking
      try {
        return await work()
      } finally {
        hidden = false
      }
    },
    stop: () => server.stop(),
  }
}
