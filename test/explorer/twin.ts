import { isDeepStrictEqual } from 'node:util'
import { KEYS, keyOf, type Part } from '../../src/redis/keys.js'
import type { Store } from '../../src/store.js'
import { callStore } from '../model/call.js'
import { type Dump, dumpModel, dumpReplies } from '../model/dump.js'
import type { Told } from '../model/laws.js'
import type { rawClient } from '../support/raw-command.js'
import { storeByRole } from '../support/users.js'
import type { Call } from './server.js'

const PARTS = Object.keys(KEYS) as Part[]
const patience = { timeout: 60_000 }

/** They expire, as what writes them has it; nothing else may. */
const EXPIRING: readonly Part[] = ['alarm', 'rate', 'listening']

/**
 * Puts a state into a queue's keys, whatever was there. ARGV: for each key the number of its values, then the values; the
 * clock comes last. What expires gets an expiry.
 */
const LOAD = `
redis.call('UNLINK', unpack(KEYS))
local write = { list = 'RPUSH', set = 'SADD', zset = 'ZADD', hash = 'HSET', string = 'SET' }
local types = { ${PARTS.map((part) => `'${KEYS[part]}'`).join(', ')} }
local expires = { ${PARTS.map((part) => EXPIRING.includes(part)).join(', ')} }
local at = 1
for i, key in ipairs(KEYS) do
  local n = tonumber(ARGV[at] or 0)
  if types[i] and n > 0 then redis.call(write[types[i]], key, unpack(ARGV, at + 1, at + n)) end
  if expires[i] and n > 0 then redis.call('PEXPIRE', key, 6000) end
  at = at + n + 1
end
redis.call('SET', KEYS[#KEYS], ARGV[#ARGV])`

/** Reads every key, in the words of test/model/dump.ts. */
const DUMP = `
local read = {
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  hash = function(key) return redis.call('HGETALL', key) end,
  string = function(key) return redis.call('GET', key) end,
  stream = function(key) return redis.call('XRANGE', key, '-', '+') end,
}
local types = { ${PARTS.map((part) => `'${KEYS[part]}'`).join(', ')} }
local values, expiries = {}, {}
for i, key in ipairs(KEYS) do
  if types[i] then values[i], expiries[i] = read[types[i]](key), redis.call('PTTL', key) end
end
return { values, expiries }`

/** Where Redis did otherwise than the model. */
export interface Difference {
  readonly call: Call
  readonly what: string
  readonly redis: unknown
  readonly model: unknown
}

/** One queue on a real server, into which any state can be loaded, and its clock. */
export class Twin {
  readonly #raw: ReturnType<typeof rawClient>
  readonly #store: Store
  readonly #keys: readonly string[]

  constructor(url: string, raw: ReturnType<typeof rawClient>, name: string) {
    const prefix = 'convoy:explorer'
    const clock = `${prefix}:{${name}}:clock`
    this.#raw = raw
    this.#store = storeByRole(url, clock)({ prefix, name, tell: () => {} })
    this.#keys = [...PARTS.map((part) => keyOf(prefix, name, part)), clock]
  }

  /** Plays one call of the model on the server, from the same state at the same time. */
  async play(call: Call): Promise<Difference | null> {
    const { before, op, now, told, after } = call
    await this.#eval(LOAD, [...loadArguments(dumpModel(before)), String(now)])
    const redis = await this.#tell(op)
    if (!isDeepStrictEqual(redis, told)) return { call, what: 'the answer', redis, model: told }
    const [values, expiries] = (await this.#eval(DUMP, [])) as [unknown[], number[]]
    const is = dumpReplies((part) => values[PARTS.indexOf(part)])
    const should = dumpModel(after)
    for (const part of PARTS) {
      if (part === 'alarm' && nothingToTell(should)) continue
      if (!isDeepStrictEqual(is[part], should[part])) return { call, what: part, redis: is[part], model: should[part] }
    }
    const lapses = PARTS.filter((part, place) => !EXPIRING.includes(part) && (expiries[place] as number) >= 0)
    return lapses.length === 0 ? null : { call, what: 'keys that expire', redis: lapses, model: [] }
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #tell(op: Call['op']): Promise<Told> {
    try {
      return { reply: await callStore(this.#store, op, patience) }
    } catch (error) {
      return { thrown: (error as { code: string }).code }
    }
  }

  #eval(script: string, args: readonly string[]): Promise<unknown> {
    return this.#raw.sendCommand(['EVAL', script, String(this.#keys.length), ...this.#keys, ...args])
  }
}

/** Where nothing waits for its time it is no matter who would be told: a plain lane's step does not look. */
function nothingToTell({ delayed, control, rate }: Dump): boolean {
  return delayed.length + rate.length === 0 && !control.some((field) => field.startsWith('hold='))
}

/** The values of each key as the command that writes its type takes them. */
function loadArguments(dump: Dump): string[] {
  return PARTS.flatMap((part) => {
    const type = KEYS[part]
    const values = dump[part].flatMap((value) => {
      if (type !== 'hash' && type !== 'zset') return [value]
      // No ID of the explorer, and no field, holds a "=".
      const at = value.indexOf('=')
      const [field, rest] = [value.slice(0, at), value.slice(at + 1)]
      return type === 'zset' ? [rest, field] : [field, rest]
    })
    return [String(values.length), ...values]
  })
}
