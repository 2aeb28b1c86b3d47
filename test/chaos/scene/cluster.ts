import { type RedisCluster, startCluster } from '../../support/redis-cluster.js'
import type { RedisServer } from '../../support/redis-server.js'
import { SlotMove } from '../../support/slot-move.js'
import { until } from '../../support/until.js'
import { key } from './look.js'
import type { Scene } from './scene.js'

export interface Clustered extends Scene {
  readonly cluster: RedisCluster
  /** The slot of the queue. */
  readonly slot: number
  /** Who holds the queue now, as its nodes tell. */
  owner(): Promise<RedisServer>
  /** The replica of that one. */
  heir(): Promise<RedisServer>
  /** Who else takes writes. */
  otherMasters(): Promise<readonly RedisServer[]>
}

type Place = readonly [host: string, port: number, ...rest: unknown[]]
type Range = readonly [from: number, to: number, master: Place, ...replicas: Place[]]

/** Three masters and a replica each. */
export async function clustered(): Promise<Clustered> {
  const cluster = await startCluster(3, [], 1)
  const all = [...cluster.nodes, ...cluster.replicas]
  const ranges = async (): Promise<readonly Range[]> => {
    for (const node of all) {
      const known = node.running ? await node.cli<Range[]>('CLUSTER', 'SLOTS').catch(() => undefined) : undefined
      if (known) return known
    }
    throw new Error('no node answers')
  }
  const slot = await (all[0] as RedisServer).cli<number>('CLUSTER', 'KEYSLOT', key('queued'))
  const holder = async (which: 'master' | 'replica'): Promise<RedisServer> => {
    const range = (await ranges()).find(([from, to]) => from <= slot && slot <= to)
    const node = all.find(({ port }) => port === range?.[which === 'master' ? 2 : 3]?.[1])
    if (node === undefined) throw new Error(`no ${which} holds slot ${slot}`)
    return node
  }
  const owner = (): Promise<RedisServer> => holder('master')
  return {
    cluster,
    slot,
    owner,
    heir: () => holder('replica'),
    async otherMasters() {
      const own = await owner()
      const ports = new Set((await ranges()).map(([, , [, port]]) => port))
      return all.filter((node) => node !== own && ports.has(node.port ?? 0))
    },
    connect: { kind: 'cluster', urls: all.map(({ url }) => url) },
    cli: async (...args) => (await owner()).cli(...args),
    stop: () => cluster.stop(),
  }
}

/** Moves the slot as redis-cli does, key by key: while it lasts, scripts find some of their keys here and some there. */
export async function moveSlot(
  scene: Clustered,
  from: RedisServer,
  to: RedisServer,
  pace: () => Promise<void>,
): Promise<void> {
  const move = await SlotMove.begin(scene.slot, from, to)
  await move.carryRest(pace)
  await move.finish(scene.cluster.nodes)
  await until('the slot has moved', async () => (await scene.owner()) === to)
}
