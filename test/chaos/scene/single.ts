import { join } from 'node:path'
import { type RedisOptions, type RedisServer, startRedis } from '../../support/redis-server.js'
import type { Scene } from './scene.js'

export interface Single extends Scene {
  readonly server: RedisServer
  readonly aof: string
}

export type Fsync = 'always' | 'everysec' | 'no'

/** Arguments for an append-only file that is never rewritten: so it holds every effect there was. */
export const aofArgs = (fsync: Fsync): readonly string[] => [
  ...['--appendonly', 'yes', '--appendfsync', fsync, '--auto-aof-rewrite-percentage', '0'],
  // Else a last record that was cut in two by the crash of the row would not be cut off, but refused.
  ...['--aof-load-truncated', 'yes', '--enable-debug-command', 'yes'],
]

/** One server with an append-only file. */
export async function single(fsync: Fsync = 'everysec', options: RedisOptions = {}): Promise<Single> {
  const server = await startRedis({ ...options, args: [...aofArgs(fsync), ...(options.args ?? [])] })
  return {
    server,
    aof: join(server.dir, 'appendonlydir'),
    connect: { kind: 'url', url: server.url },
    cli: (...args) => server.cli(...args),
    stop: () => server.stop(),
  }
}
