import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from '../../support/redis-server.js'
import { aofArgs, type Single, single } from './single.js'

export interface Loading extends Single {
  /** SIGKILL, and it is started again: for about so many ms it loads its file, and answers LOADING to all. */
  crash(ms: number): Promise<void>
}

/** µs that the shortest sleep takes. */
const NAP = 56

/** Commands in an append-only file. */
function commands(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'))
  let count = 1
  for (const name of names) {
    const file = readFileSync(join(folder, name))
    for (let at = file.indexOf('\r\n*'); at !== -1; at = file.indexOf('\r\n*', at + 1)) count++
  }
  return count
}

/** The hidden option by which Redis sleeps after each command it loads: µs; below 0, it naps after one in so many. */
function delayFor(ms: number, count: number): number {
  const each = (1_000 * ms) / count
  return each > NAP ? Math.max(1, Math.round(each - NAP)) : -Math.round(NAP / each)
}

/** A server with an append-only file that takes as long to load as the row likes. */
export async function loading(): Promise<Loading> {
  const first = await single('always')
  let { server } = first
  const { dir } = server
  return {
    aof: first.aof,
    connect: first.connect,
    get server() {
      return server
    },
    cli: (...args) => server.cli(...args),
    async crash(ms) {
      await server.kill()
      // Another one at the same address: it is told anew how slow it is.
      const delay = delayFor(ms, commands(first.aof))
      server = await startRedis({ dir, args: [...aofArgs('always'), '--key-load-delay', `${delay}`] })
    },
    async stop() {
      if (server !== first.server) await server.stop()
      await first.stop()
    },
  }
}
