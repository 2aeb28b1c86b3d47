import { ConvoyError } from '../errors.js'
import type { DurabilityNeed } from '../store.js'
import { troubleOf } from './trouble.js'
import { Untold, type Wire } from './wire.js'

/** `lags`: an answer of this server comes before its write is on disk, and WAITAOF tells when it is. */
export type Fitness = 'fit' | 'lags'

/** Replicas are looked for so often, for a tenth of a second each: one that joins may first report after a second. */
const LOOKS = 15

/**
 * Is this server fit for a queue? Rejects with one line that says what to change: UNSUPPORTED when it is too old,
 * NOT_DURABLE when it may evict keys, or cannot give the durability asked for.
 */
export async function checkServer(wire: Wire, key: string, need: DurabilityNeed): Promise<Fitness> {
  // Behind a command with a key, so that a cluster asks the node that holds the queue, not all of them.
  const ask = async (command: string[]): Promise<unknown> => {
    try {
      return (await wire.pair(key, ['EXISTS', key], command))[1]
    } catch (error) {
      throw error instanceof Untold ? error.cause : error
    }
  }
  const info = await allowed(ask(['INFO', 'default']))
  if (info !== undefined) checkInfo(String(info), need)
  // Who asks for nothing is told nothing: his user may know no INFO. Who asks for durability is not to lose keys unseen.
  else if (need !== 'memory') throw blind(need, 'INFO')
  if (need === 'disk') {
    // The log may be on, and its writes not be waited for.
    const config = await allowed(ask(['CONFIG', 'GET', 'appendfsync', 'no-appendfsync-on-rewrite']))
    if (config === undefined) throw blind(need, 'CONFIG|GET')
    if (checkLog(table(config)) === 'lags') {
      await checkWait(String(info), ask(['WAITAOF', '1', '0', '1']))
      return 'lags'
    }
  }
  if (typeof need === 'object') {
    const { replicas } = need
    let there = 0
    for (let i = 0; i < LOOKS && there < replicas; i++) there = Number(await ask(['WAIT', String(replicas), '100']))
    if (there < replicas) {
      throw unfit(`${replicas} replicas were asked for, the server has ${there}: add replicas, or ask for fewer`)
    }
  }
  return 'fit'
}

function checkInfo(info: string, need: DurabilityNeed): void {
  const field = (name: string): string | undefined => fieldOf(info, name)
  const version = field('redis_version')
  if (version !== undefined && Number.parseInt(version, 10) < 7) {
    throw new ConvoyError('UNSUPPORTED', `the server is Redis ${version}; convoy-queue needs 7.0 or later, or Valkey`)
  }
  const policy = field('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    throw unfit(`maxmemory-policy is ${policy}, which may throw keys of a queue away: set it to noeviction`)
  }
  if (need === 'disk' && field('aof_enabled') !== '1') {
    throw unfit("durability 'disk': there is no append-only file: set appendonly yes and appendfsync always")
  }
}

function checkLog(config: ReadonlyMap<string, string>): Fitness {
  const sync = config.get('appendfsync')
  if (sync !== 'always' && sync !== 'everysec') {
    throw unfit(`durability 'disk': appendfsync is ${sync}, so nothing tells when a write is safe: set it to always`)
  }
  if (config.get('no-appendfsync-on-rewrite') !== 'no') {
    throw unfit("durability 'disk': while the log is rewritten nothing is synced: set no-appendfsync-on-rewrite to no")
  }
  return sync === 'always' ? 'fit' : 'lags'
}

/** The log is synced each second: then it takes a server that tells when, and a user who may ask. */
async function checkWait(info: string, reply: Promise<unknown>): Promise<void> {
  const early = "durability 'disk': appendfsync is everysec, so an answer comes before its write is safe"
  const known = await allowed(reply).catch((error: unknown) => {
    if (!/unknown command/i.test(String(error))) throw error
    return false
  })
  const server = serverOf(info)
  if (known === false || !tellsSyncs(server)) {
    throw unfit(`${early}, and ${server.join(' ')} does not tell when it is (Redis 7.2 and 8 do): set it to always`)
  }
  if (known === undefined)
    throw unfit(`${early}, and this user may not wait for it: allow +waitaof, or set it to always`)
}

/**
 * WAITAOF came with 7.2. Since 7.4, and so in each Valkey from 8 on, it counts as synced what is only written, and a power
 * cut takes what it confirmed; Redis 8 has mended that (redis/redis#13793).
 */
function tellsSyncs([name, version]: readonly [name: string, version: string]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return (major === 7 && minor === 2) || (name === 'Redis' && major >= 8)
}

function serverOf(info: string): readonly [name: string, version: string] {
  const valkey = fieldOf(info, 'valkey_version')
  return valkey === undefined ? ['Redis', fieldOf(info, 'redis_version') ?? ''] : ['Valkey', valkey]
}

function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1]
}

/** `undefined` when this user has not the right to ask. */
async function allowed(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply
  } catch (error) {
    if (troubleOf(error).error.code === 'AUTH_FAILED') return undefined
    throw error
  }
}

function blind(need: DurabilityNeed, command: string): ConvoyError {
  const [durability, rules] = need === 'disk' ? ["'disk'", '+info and +config|get'] : ['{ replicas }', '+info']
  return unfit(`durability ${durability} cannot be checked: this user may not run ${command}: allow ${rules}`)
}

function unfit(why: string): ConvoyError {
  return new ConvoyError('NOT_DURABLE', why)
}

/** A list of RESP 2, or a map of RESP 3, as the client given reads them. */
function table(reply: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? reply : [...(reply instanceof Map ? reply : Object.entries(Object(reply)))].flat()
  const rows = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) rows.set(String(flat[i]), String(flat[i + 1]))
  return rows
}
