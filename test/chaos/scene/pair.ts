import { type RedisServer, startRedis } from '../../support/redis-server.js'
import { startProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'
import type { Scene } from './scene.js'

export interface Pair extends Scene {
  /** FAILOVER: master and replica change places, and the name that all know leads to the new master. */
  change(): Promise<void>
  /** Of the two processes, always in the same order. */
  readonly pids: readonly number[]
  /** The replica ends in order, comes back with nothing, and is in step again. */
  restartReplica(): Promise<void>
}

const says = async (server: RedisServer, what: string): Promise<boolean> =>
  (await server.cli('INFO', 'replication')).includes(what)

type Env = Readonly<Record<string, string>>

/** A master and a replica behind one address, and nobody who watches them. */
export const pair = (): Promise<Pair> => pairOf({}, {})

/** The same, with more in the environment of each. */
export async function pairOf(ofMaster: Env, ofReplica: Env): Promise<Pair> {
  const args = ['--repl-diskless-sync-delay', '0']
  let master = await startRedis({ port: 'tcp', args, env: ofMaster })
  const follow = ['--replicaof', '127.0.0.1', `${master.port}`]
  let replica = await startRedis({ port: 'tcp', args: [...args, ...follow], env: ofReplica })
  const all = [master, replica]
  const proxy = await startProxy(master)
  const inStep = (): Promise<void> => until('the replica is in step', () => says(replica, 'link_status:up'))
  await inStep()
  return {
    connect: { kind: 'url', url: proxy.url },
    cli: (...given) => master.cli(...given),
    get pids() {
      return all.map(({ pid }) => pid)
    },
    async change() {
      await master.cli('FAILOVER', 'TO', '127.0.0.1', replica.port ?? 0)
      await until('the replica is master', () => says(replica, 'role:master'))
      const next = replica
      replica = master
      master = next
      // Those there are stay where they are, at a server that takes no writes any more.
      proxy.moveTo(master)
      await inStep()
    },
    async restartReplica() {
      await replica.restart()
      // Its own arguments may name another, or nobody.
      await replica.cli('REPLICAOF', '127.0.0.1', master.port ?? 0)
      await inStep()
    },
    async stop() {
      await proxy.close()
      for (const server of all) await server.stop()
    },
  }
}
