import { ALL_RULES, CLUSTER_RULES, DURABLE_RULES } from './access.js'
import { freePort } from './free-port.js'
import { type RedisServer, startRedis } from './redis-server.js'
import { until } from './until.js'

const SLOTS = 16_384
/** How long a node is not heard of before the others take it for dead, ms. */
const NODE_TIMEOUT = 2_000
const RULES = [...ALL_RULES, ...CLUSTER_RULES, ...DURABLE_RULES]

export interface RedisCluster {
  /** The masters, in the order of their slots. */
  readonly nodes: readonly RedisServer[]
  /** As many for each master as were asked for, in step with it. */
  readonly replicas: readonly RedisServer[]
  /** For node-redis: `createCluster({ rootNodes })`. */
  readonly rootNodes: readonly { readonly url: string }[]
  /** One more master, which holds no slot yet. */
  newcomer(): Promise<RedisServer>
  /** The master that held this key at first. */
  nodeOf(key: string): Promise<RedisServer>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Masters, by default without replicas, all slots assigned. Resolves when each of them calls the cluster well (2 to 3 s). */
export async function startCluster(masters = 3, args: readonly string[] = [], replicasEach = 0): Promise<RedisCluster> {
  const nodes: Node[] = []
  const replicas: RedisServer[] = []
  const newcomers: RedisServer[] = []
  const stop = async (): Promise<void> => {
    await Promise.all([...nodes.map(({ server }) => server), ...replicas, ...newcomers].map((server) => server.stop()))
  }
  try {
    await startAll(
      Array.from({ length: masters }, () => startNode(args)),
      nodes,
    )
    await join(nodes)
    const masterOfEach = nodes.flatMap((node) => Array<Node>(replicasEach).fill(node))
    await startAll(
      masterOfEach.map((node) => follow(node, args)),
      replicas,
    )
  } catch (error) {
    await stop()
    throw error
  }
  const servers = nodes.map(({ server }) => server)
  const nodeOf = async (key: string): Promise<RedisServer> => {
    const slot = await servers[0]?.cli<number>('CLUSTER', 'KEYSLOT', key)
    const node = nodes.find(({ last }) => slot !== undefined && slot <= last)
    if (node === undefined) throw new Error(`no node holds slot ${slot}`)
    return node.server
  }
  return {
    nodes: servers,
    replicas,
    rootNodes: servers.map(({ url }) => ({ url })),
    async newcomer() {
      const newcomer = await meet(nodes, args)
      newcomers.push(newcomer)
      const well = async (): Promise<boolean> => (await newcomer.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')
      await until('cluster_state:ok', well)
      return newcomer
    },
    nodeOf,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Node {
  readonly server: RedisServer
  readonly busPort: number
  /** Its last slot. */
  last: number
}

/** What has come up is there to be stopped, also when another has not. */
async function startAll<T>(starting: readonly Promise<T>[], up: T[]): Promise<void> {
  const results = await Promise.allSettled(starting)
  for (const result of results) if (result.status === 'fulfilled') up.push(result.value)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function startNode(args: readonly string[]): Promise<Node> {
  for (let attempt = 1; ; attempt++) {
    // The default bus port, 10,000 higher, lies where outgoing connections get theirs.
    const busPort = await freePort()
    const cluster = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      `${NODE_TIMEOUT}`,
      '--cluster-port',
      `${busPort}`,
    ]
    try {
      const server = await startRedis({ port: 'tcp', args: [...cluster, ...args], rules: RULES })
      return { server, busPort, last: -1 }
    } catch (error) {
      // Of this port, too, somebody else may have made use by now.
      if (attempt === 5 || !String(error).includes('in use')) throw error
    }
  }
}

async function join(nodes: readonly Node[]): Promise<void> {
  const [first, ...others] = nodes
  if (first === undefined) throw new Error('a cluster needs a node')
  await Promise.all(
    nodes.map(async (node, place) => {
      const from = Math.floor((place * SLOTS) / nodes.length)
      node.last = Math.floor(((place + 1) * SLOTS) / nodes.length) - 1
      // Nodes that bring the same epoch spend seconds agreeing on another one.
      await node.server.cli('CLUSTER', 'SET-CONFIG-EPOCH', place + 1)
      await node.server.cli('CLUSTER', 'ADDSLOTSRANGE', from, node.last)
    }),
  )
  const port = (node: Node): number => node.server.port ?? 0
  for (const node of others) await node.server.cli('CLUSTER', 'MEET', '127.0.0.1', port(first), first.busPort)
  const well = async (node: Node): Promise<boolean> => {
    const info = await node.server.cli('CLUSTER', 'INFO')
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`)
  }
  await Promise.all(nodes.map((node) => until('cluster_state:ok', () => well(node))))
}

/** One more node, once all of these know it. */
async function meet(nodes: readonly Node[], args: readonly string[]): Promise<RedisServer> {
  const { server } = await startNode(args)
  try {
    const id = await server.cli('CLUSTER', 'MYID')
    for (const node of nodes) {
      await server.cli('CLUSTER', 'MEET', '127.0.0.1', node.server.port ?? 0, node.busPort)
      const known = async (): Promise<boolean> => (await node.server.cli('CLUSTER', 'NODES')).includes(id)
      await until('its cluster knows it', known)
    }
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function follow(master: Node, args: readonly string[]): Promise<RedisServer> {
  const server = await meet([master], [...args, '--repl-diskless-sync-delay', '0'])
  try {
    const id = await master.server.cli('CLUSTER', 'MYID')
    await until('the replica knows its master', async () => (await server.cli('CLUSTER', 'NODES')).includes(id))
    await server.cli('CLUSTER', 'REPLICATE', id)
    await until('the replica is in step', async () =>
      (await server.cli('INFO', 'replication')).includes('link_status:up'),
    )
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}
