import { ConvoyError } from '../errors.js'
import type { DurabilityNeed } from '../store.js'
import { troubleOf } from './trouble.js'
import type { Wire } from './wire.js'

/**
 * Is this server fit for a queue? Rejects with one line that says what to change: UNSUPPORTED when it is too old,
 * NOT_DURABLE when it may evict keys, or cannot give the durability asked for.
 */
export async function checkServer(wire: Wire, key: string, need: DurabilityNeed): Promise<void> {
  // Behind a command with a key, so that a cluster asks the node that holds the queue, not all of them.
  const ask = async (command: string[]): Promise<unknown> => (await wire.pair(key, ['EXISTS', key], command))[1]
  const info = await allowed(ask(['INFO', 'default']))
  if (info !== undefined) checkInfo(String(info), need)
  if (need === 'disk') {
    if (info === undefined) throw blind('INFO')
    // The log may be on, and its writes not be waited for.
    const config = await allowed(ask(['CONFIG', 'GET', 'appendfsync', 'no-appendfsync-on-rewrite']))
    if (config === undefined) throw blind('CONFIG|GET')
    checkLog(table(config))
  }
  if (typeof need === 'object') {
    const { replicas } = need
    const there = Number(await ask(['WAIT', String(replicas), '100']))
    if (there < replicas) {
      throw unfit(`${replicas} replicas were asked for, the server has ${there}: add replicas, or ask for fewer`)
    }
  }
}

function checkInfo(info: string, need: DurabilityNeed): void {
  const field = (name: string): string | undefined => new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1]
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

function checkLog(config: ReadonlyMap<string, string>): void {
  const sync = config.get('appendfsync')
  if (sync !== 'always') {
    throw unfit(
      `durability 'disk': appendfsync is ${sync}, so an answer comes before its write is safe: set it to always`,
    )
  }
  if (config.get('no-appendfsync-on-rewrite') !== 'no') {
    throw unfit("durability 'disk': while the log is rewritten nothing is synced: set no-appendfsync-on-rewrite to no")
  }
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

function blind(command: string): ConvoyError {
  return unfit(`durability 'disk' cannot be checked: this user may not run ${command}: allow +info and +config|get`)
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
