import type { QueueState } from '../../src/memory/model.js'
import { owedText } from '../../src/memory/owed.js'
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
  stream: (key) => ['XRANGE', key, '-', '+'],
}

const PARTS = Object.keys(KEYS) as Part[]

/** Nobody asks for the order of `failed`, so the model keeps none. */
const SORTED: readonly Part[] = PARTS.filter((part) => ['set', 'hash'].includes(KEYS[part]) || part === 'failed')

/** These go by themselves; whether they still count is told by their values. */
const EXPIRING: readonly Part[] = ['alarm', 'rate', 'listening']

/** Reads the state raw, past the library. A key of the queue that should not expire must not, and the others must. */
export async function dumpRedis(send: Send, prefix: string, name: string): Promise<Dump> {
  const keys = PARTS.map((part) => keyOf(prefix, name, part))
  const [values, expiries] = await Promise.all([
    Promise.all(PARTS.map((part, place) => send((READ[KEYS[part]] as (typeof READ)[string])(keys[place] as string)))),
    Promise.all(keys.map((key) => send(['PTTL', key]))),
  ])
  PARTS.forEach((part, place) => {
    const ms = expiries[place] as number
    const wrong = EXPIRING.includes(part) ? ms === -1 || (part === 'alarm' && ms > 6000) : ms >= 0
    if (wrong) throw new Error(`${part} expires in ${ms} ms`)
  })
  const dump = dumpReplies((part) => values[PARTS.indexOf(part)])
  return dump.extras.length > 0 ? dump : { ...dump, alarm: [] }
}

/** What the server answered to reading each key. */
export function dumpReplies(read: (part: Part) => unknown): Dump {
  return toDump((part) => {
    const value = read(part)
    if (KEYS[part] === 'stream') return (value as [string, [string, string]][]).map(spellEntry)
    if (part === 'listening') return value === null ? [] : ['1']
    const flat = Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)]
    return KEYS[part] === 'hash' || KEYS[part] === 'zset' ? pairs(flat) : flat
  })
}

/** What a plain lane has not: while any is there, so is `extras`. */
const LAZY = [
  'delayed',
  'failed',
  'failures',
  'errors',
  'tries',
  'withdrawn',
  'owed',
  'ghosts',
  'payload',
  'priority',
  'prioritized',
  'since',
  'progress',
  'remembered',
  'kept',
] as const

/** Is there anything that a plain lane has not? */
export function isRich(state: QueueState): boolean {
  return LAZY.some((part) => state[part].size > 0) || Object.values(state.control).some(Boolean)
}

/** The model's state, spelled as Redis would. */
export function dumpModel(state: QueueState): Dump {
  const { guard, alarm } = state
  const scored = (part: 'processing' | 'delayed' | 'failedAt' | 'prioritized' | 'remembered' | 'kept'): string[] =>
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
      case 'prioritized':
      case 'remembered':
      case 'kept':
        return scored(part)
      case 'lease':
      case 'failed':
      case 'failures':
      case 'tries':
      case 'payload':
      case 'priority':
      case 'since':
      case 'progress':
      case 'results':
        return fields(state[part])
      case 'extras':
        return isRich(state) ? ['1'] : []
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
        return Array.from(state.owed, ([id, run]) => `${id}=${owedText(run)}`)
      case 'control': {
        const { paused, hold, holder, journal } = state.control
        const held = hold === 0 ? {} : { hold, holder }
        return fields(Object.entries({ paused: paused ? 1 : 0, ...held, journal }).filter(([, value]) => value !== 0))
      }
      case 'rate':
        return state.rate === null ? [] : [`${state.rate.start}:${state.rate.count}`]
      case 'schedules':
        return Array.from(state.schedules, ([id, { slot, text }]) => `${id}=${slot} ${text}`)
      case 'events':
        return state.events.slice().map(({ position, text }) => `${position} ${respell(text)}`)
      case 'listening':
        return state.listening ? ['1'] : []
      case 'guard':
        return fields(Object.entries(guard).filter(([, value]) => value !== ''))
      case 'alarm':
        // A plain lane has nothing to wait for, and lets the alarm run out unread.
        return alarm === null || !isRich(state) ? [] : [`${alarm.worker}:${alarm.until}`]
    }
  })
}

/** Of a stream: its ID is `position-0`, its one field the message. */
function spellEntry([entry, [, text]]: readonly [string, readonly [string, string]]): string {
  return `${entry.replace(/-0$/, '')} ${respell(text)}`
}

/** Whoever wrote it, JSON spells alike. */
function respell(text: string): string {
  return JSON.stringify(JSON.parse(text))
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
