import type { Durability } from '../../../src/index.js'
import { type RedisSentinel, startSentinel } from '../../support/redis-sentinel.js'
import type { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'
import { lasting } from '../time.js'
import type { Scene } from './scene.js'

export interface Watched extends Scene {
  readonly group: RedisSentinel
  /** Who holds the queue now, and who follows. */
  readonly master: RedisServer
  readonly replica: RedisServer
  /** Resolves once all sentinels have another master than before. */
  failOver(inject: (master: RedisServer) => Promise<void>): Promise<void>
  /** The old master is back, as a replica in step. */
  rejoin(bringBack: (old: RedisServer) => Promise<void>): Promise<void>
}

/** A master, its replica and three sentinels; publishers ask for `durability`. */
export async function watched(durability: Durability = 'memory'): Promise<Watched> {
  const group = await startSentinel()
  let master = group.first
  const other = (): RedisServer => (master === group.first ? group.second : group.first)
  return {
    group,
    durability,
    get master() {
      return master
    },
    get replica() {
      return other()
    },
    connect: { kind: 'sentinel', name: group.name, nodes: group.sentinelRootNodes },
    cli: (...args) => master.cli(...args),
    async failOver(inject) {
      const next = other()
      await inject(master)
      await until('the other one is master', async () =>
        (await next.cli('INFO', 'replication')).includes('role:master'),
      )
      // Asked for the master they still name, one that hangs would never answer.
      const named = (): Promise<unknown> => Promise.race([group.master(), lasting(1_000)])
      await until('the sentinels agree', async () => (await named()) === next)
      master = next
    },
    async rejoin(bringBack) {
      const old = other()
      await bringBack(old)
      const inStep = async (): Promise<boolean> => {
        const state = await old.cli('INFO', 'replication')
        return state.includes('role:slave') && state.includes('link_status:up')
      }
      await until('the old master follows', inStep, 60_000)
    },
    stop: () => group.stop(),
  }
}
