import type { QueueState } from '../../src/memory/model.js'
import { KEYS, keyOf, type Part } from '../../src/redis/keys.js'

/** A queue's whole state as Redis holds it: every key of the table, as text; sets and hashes in one order of their own. */
export type Dump = Readonly<Record<Part, readonly string[]>>

export type Send = (args: readonly string[]) => Promise<unknown>

const READ: Readonly<Record<string, (key: string) => string[]>> = {
  set: (key) => ['SMEMBERS', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  hash: (key) => ['HGETALL', key],
  string: (key) => ['GET', key],
}

const PARTS = Object.keys(KEYS) as Part[]

/** Nobody asks for the order of `failed`, so the model keeps none. */
const SORTED: readonly Part[] = PARTS.filter((part) => ['set', 'hash'].includes(KEYS[part]) || part === 'failed')

/** Reads the state raw, past the library. A key of the queue that should not expire must not; the alarm, only by value. */
export async function dumpRedis(send: Send, prefix: string, name: string): Promise<Dump> {
  const keys = PARTS.map((part) => keyOf(prefix, name, part))
  const [values, expiries] = await Promise.all([
    Promise.all(PARTS.map((part, place) => send((READ[KEYS[part]] as (typeof READ)[string])(keys[place] as string)))),
    Promise.all(keys.map((key) => send(['PTTL', key]))),
  ])
  PARTS.forEach((part, place) => {
    const ms = expiries[place] as number
    if (part === 'alarm' ? ms === -1 || ms > 6000 : ms >= 0) throw new Error(`${part} expires in ${ms} ms`)
  })
  return dumpReplies((part) => values[PARTS.indexOf(part)])
}

/** What the server answered to reading each key. */
export function dumpReplies(read: (part: Part) => unknown): Dump {
  return toDump((part) => {
    const value = read(part)
    const flat = Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)]
    return KEYS[part] === 'hash' || KEYS[part] === 'zset' ? pairs(flat) : flat
  })
}

/** The model's state, spelled as Redis would. */
export function dumpModel(state: QueueState): Dump {
  const { guard, alarm } = state
  const scored = (part: 'processing' | 'delayed' | 'failedAt'): string[] =>
    state[part].slice().map((id) => `${id}=${state[part].score(id)}`)
  const fields = (values: Iterable<readonly [string, unknown]>): string[] =>
    Array.from(values, ([field, value]) => `${field}=${value}`)
  return toDump((part) => {
    switch (part) {
      case 'committed':
      case 'withdrawn':
      case 'ghosts':
        return [...state[part]]
      case 'queued':
        return state.queued.slice()
      case 'processing':
      case 'delayed':
      case 'failedAt':
        return scored(part)
      case 'lease':
      case 'failed':
      case 'failures':
      case 'tries':
        return fields(state[part])
      case 'wake':
        return state.wake === 1 ? ['1'] : []
      case 'totals':
        return fields(Object.entries(state.totals))
      case 'steps':
        return Array.from(state.steps, ([field, { number, ms, token, leaseEnd, settled }]) => {
          return `${field}=${number}|${ms}|${token}|${token === '' ? '' : leaseEnd}|${settled}`
        })
      case 'marks':
        return state.marks.slice().map(({ place, ms }) => `${place}:${ms}`)
      case 'meta':
        return state.meta.layout === '' ? [] : fields(Object.entries(state.meta))
      case 'errors':
        return Array.from(state.errors, ([id, { ms, text }]) => `${id}=${ms} ${text}`)
      case 'owed':
        return [...state.owed].map((id) => `${id}=`)
      case 'guard':
        return fields(Object.entries(guard).filter(([, value]) => value !== ''))
      case 'alarm':
        return alarm === null ? [] : [`${alarm.worker}:${alarm.until}`]
    }
  })
}

function toDump(read: (part: Part) => string[]): Dump {
  const entries = PARTS.map((part): [Part, readonly string[]] => {
    // A number that is 0 and one that was never written mean the same.
    const values = read(part).filter((value) => !['totals', 'guard'].includes(part) || !value.endsWith('=0'))
    return [part, SORTED.includes(part) ? values.sort() : values]
  })
  return Object.fromEntries(entries) as Dump
}

function pairs(flat: readonly string[]): string[] {
  const out: string[] = []
  for (let place = 0; place < flat.length; place += 2) out.push(`${flat[place]}=${flat[place + 1]}`)
  return out
}
