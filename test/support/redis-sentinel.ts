import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_RULES, DURABLE_RULES } from './access.js'
import { findServer } from './find-server.mjs'
import { freePort } from './free-port.js'
import { dropFolder, keepFolder } from './reaper.js'
import { ADMIN, type RedisServer, startRedis } from './redis-server.js'
import { ServerProcess } from './server-process.js'
import { until } from './until.js'

const SENTINELS = 3
const RULES = [...ALL_RULES, ...DURABLE_RULES]

export interface RedisSentinel {
  /** The name of the group. */
  readonly name: string
  /** For node-redis: `createSentinel({ name, sentinelRootNodes })`. */
  readonly sentinelRootNodes: readonly { readonly host: string; readonly port: number }[]
  /** As they began: after a failover `master()` says who it is now. */
  readonly first: RedisServer
  readonly second: RedisServer
  /** The master as the sentinels that run see it, once all of them see the same. */
  master(): Promise<RedisServer>
  /** Kills the master and resolves with the new one, when every sentinel has switched (2 to 4 s). */
  failOver(): Promise<RedisServer>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A master, its replica and three sentinels. Resolves when each sentinel knows all of them (3 s). */
export async function startSentinel(name = 'convoy'): Promise<RedisSentinel> {
  const dir = mkdtempSync(join(tmpdir(), 'convoy-sentinel-'))
  keepFolder(dir)
  const servers: RedisServer[] = []
  const sentinels: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all([...sentinels.map((sentinel) => sentinel.kill()), ...servers.map((server) => server.kill())])
    await Promise.all(servers.map((server) => server.stop()))
    dropFolder(dir)
  }
  try {
    const first = await startRedis({ port: 'tcp', args: ['--repl-diskless-sync-delay', '0'], rules: RULES })
    servers.push(first)
    const replica = ['--replicaof', '127.0.0.1', `${first.port}`, '--repl-diskless-sync-delay', '0']
    const second = await startRedis({ port: 'tcp', args: replica, rules: RULES })
    servers.push(second)
    // Online is not enough: before its first word, up to 1 s later, the master sends it nothing, and counts it for nothing.
    await first.cli('PUBLISH', 'probe', 'are you there?')
    await until('the replica is in step', async () =>
      /state=online,offset=[1-9]/.test(await first.cli('INFO', 'replication')),
    )
    const ports: number[] = []
    for (let place = 0; place < SENTINELS; place++) {
      const port = await freePort()
      ports.push(port)
      sentinels.push(await startOne(dir, port, name, first.port ?? 0))
    }
    await Promise.all(
      sentinels.map((sentinel) => until('the sentinels know each other', () => knowsAll(sentinel, name))),
    )
    return group({ name, ports, first, second, sentinels, stop })
  } catch (error) {
    await stop()
    throw error
  }
}

async function startOne(dir: string, port: number, name: string, master: number): Promise<ServerProcess> {
  const file = join(dir, `${port}.conf`)
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${name} 127.0.0.1 ${master} 2`,
    `sentinel auth-user ${name} ${ADMIN.username}`,
    `sentinel auth-pass ${name} ${ADMIN.password}`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
    `sentinel parallel-syncs ${name} 1`,
  ]
  // A sentinel keeps what it learns in this file.
  writeFileSync(file, `${lines.join('\n')}\n`)
  const sentinel = new ServerProcess(findServer(), [file, '--sentinel'], { url: `redis://127.0.0.1:${port}` })
  await sentinel.start()
  // By default they tell each other of themselves every 2 s, ask the servers every 10 s, and wait eight seconds before they
  // make a master that came back a replica again.
  await sentinel.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', 1_000, 'PUBLISH-PERIOD', 500)
  return sentinel
}

async function knowsAll(sentinel: ServerProcess, name: string): Promise<boolean> {
  const reply = await sentinel.command<string[]>('SENTINEL', 'MASTER', name)
  const field = (key: string): string | undefined => reply[reply.indexOf(key) + 1]
  return (
    field('num-other-sentinels') === `${SENTINELS - 1}` && field('num-slaves') === '1' && field('flags') === 'master'
  )
}

interface Parts {
  readonly name: string
  readonly ports: readonly number[]
  readonly first: RedisServer
  readonly second: RedisServer
  readonly sentinels: readonly ServerProcess[]
  readonly stop: () => Promise<void>
}

function group({ name, ports, first, second, sentinels, stop }: Parts): RedisSentinel {
  const seen = async (): Promise<(RedisServer | undefined)[]> => {
    const ask = (sentinel: ServerProcess): Promise<string[]> =>
      sentinel.command<string[]>('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)
    const replies = await Promise.all(sentinels.filter(({ running }) => running).map(ask))
    return replies.map(([, port]) => [first, second].find((server) => `${server.port}` === port))
  }
  /** The one master all sentinels name, once it is another than `old`. */
  const agreed = async (old?: RedisServer): Promise<RedisServer> => {
    let master: RedisServer | undefined
    await until('the sentinels agree on a master', async () => {
      const named = await seen()
      master = named[0]
      if (master === undefined || master === old || named.some((other) => other !== master)) return false
      return (await master.cli('INFO', 'replication')).includes('role:master')
    })
    if (master === undefined) throw new Error('no sentinel runs')
    return master
  }
  const failOver = async (): Promise<RedisServer> => {
    const old = await agreed()
    await old.kill()
    return agreed(old)
  }
  return {
    name,
    sentinelRootNodes: ports.map((port) => ({ host: '127.0.0.1', port })),
    first,
    second,
    master: () => agreed(),
    failOver,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
