import { type Address, rawCommand } from '../../support/raw-command.js'
import { startSentinel } from '../../support/redis-sentinel.js'
import { ADMIN, type RedisServer } from '../../support/redis-server.js'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'
import type { Connect } from '../part.js'
import type { Scene } from './scene.js'

export interface Parted extends Scene {
  /** Who holds the queue now; of two in a partition, the one that the sentinels name. */
  readonly master: RedisServer
  /** Whoever is spawned in here stands by the master, and goes to it by a name that no sentinel has a say in. */
  beside<T>(spawn: () => T): T
  /** The master and those beside it are alone. Resolves once all sentinels name the other one. */
  part(): Promise<void>
  /** All reach all again. Resolves once the old master follows the new one; the name leads there, too. */
  heal(): Promise<void>
}

/** One door for each server: all that know it know it by its door, but for those beside it. */
interface Place {
  readonly server: RedisServer
  readonly door: TcpProxy
}

/** A master, its replica and three sentinels, which a partition can tear in two. */
export async function parted(): Promise<Parted> {
  const group = await startSentinel()
  const sentinels = group.sentinelRootNodes.map(({ host, port }): Address => ({ url: `redis://${host}:${port}` }))
  const proxies: TcpProxy[] = []
  const before = async (server: RedisServer): Promise<TcpProxy> => {
    const proxy = await startProxy(server)
    proxies.push(proxy)
    return proxy
  }
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await group.stop()
  }
  try {
    let held: Place = { server: group.first, door: await before(group.first) }
    let other: Place = { server: group.second, door: await before(group.second) }
    const name = await before(group.first)
    await moveBehindDoors(group.name, sentinels, held, other)
    const far: Connect = { kind: 'sentinel', name: group.name, nodes: group.sentinelRootNodes }
    let way: Connect = far
    const named = async (sentinel: Address): Promise<number> => {
      const [, port] = await rawCommand<string[]>(sentinel, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group.name])
      return Number(port)
    }
    return {
      get connect() {
        return way
      },
      get master() {
        return held.server
      },
      cli: (...args) => held.server.cli(...args),
      beside(spawn) {
        way = { kind: 'url', url: name.url }
        try {
          return spawn()
        } finally {
          way = far
        }
      },
      async part() {
        held.door.blackHole()
        await until('the other one is master', () => says(other.server, 'role:master'))
        const agreed = async (): Promise<boolean> =>
          (await Promise.all(sentinels.map(named))).every((port) => port === other.door.port)
        await until('the sentinels agree', agreed)
        const old = held
        held = other
        other = old
      },
      async heal() {
        name.moveTo(held.server)
        await other.door.pass()
        const follows = (): Promise<boolean> => says(other.server, 'role:slave', 'link_status:up')
        await until('the old master follows', follows, 60_000)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function says(server: RedisServer, ...what: readonly string[]): Promise<boolean> {
  const state = await server.cli('INFO', 'replication')
  return what.every((one) => state.includes(one))
}

/** From now on the servers and the sentinels know each server by its door alone. */
async function moveBehindDoors(
  group: string,
  sentinels: readonly Address[],
  master: Place,
  replica: Place,
): Promise<void> {
  const all = (...args: (string | number)[]): Promise<unknown> =>
    Promise.all(sentinels.map((sentinel) => rawCommand(sentinel, args)))
  // Else they would lead the replica back to the door that they know.
  await all('SENTINEL', 'REMOVE', group)
  for (const { server, door } of [master, replica])
    await server.cli('CONFIG', 'SET', 'replica-announce-port', door.port)
  await replica.server.cli('REPLICAOF', '127.0.0.1', master.door.port)
  await until('the replica is in step', () => says(replica.server, 'link_status:up'))
  const inStep = (): Promise<boolean> => says(master.server, `port=${replica.door.port},state=online`)
  await until('the master knows its replica by its door', inStep)
  await all('SENTINEL', 'MONITOR', group, '127.0.0.1', master.door.port, 2)
  await all(
    ...['SENTINEL', 'SET', group, 'auth-user', ADMIN.username, 'auth-pass', ADMIN.password],
    ...['down-after-milliseconds', 500, 'failover-timeout', 3_000, 'parallel-syncs', 1],
  )
  const knows = async (sentinel: Address): Promise<boolean> => {
    const reply = await rawCommand<string[]>(sentinel, ['SENTINEL', 'MASTER', group])
    const field = (key: string): string | undefined => reply[reply.indexOf(key) + 1]
    const peers = `${sentinels.length - 1}`
    return field('num-other-sentinels') === peers && field('num-slaves') === '1' && field('flags') === 'master'
  }
  for (const one of sentinels) await until('the sentinels know each other again', () => knows(one))
}
