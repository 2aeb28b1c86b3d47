import { key } from '../scene/look.js'
import type { Breach } from './rules.js'

/** Where an ID stands, by the effects so far. */
interface Places {
  line: number
  committed: boolean
  processing: boolean
  delayed: boolean
  prioritized: boolean
}

const KEYS = {
  queued: key('queued'),
  committed: key('committed'),
  processing: key('processing'),
  delayed: key('delayed'),
  prioritized: key('prioritized'),
}

/**
 * An append-only file is the order of all effects, transaction by transaction. Replayed, each ID that a transaction has
 * touched must be in exactly one state after it (law L1), and in line at most once.
 */
export class Replay {
  transactions = 0
  readonly breaches: Breach[] = []
  readonly #places = new Map<string, Places>()
  readonly #touched = new Set<string>()
  #line: string[] = []
  #open = false

  /** Takes a whole file; a last command that was cut off is left out. */
  read(file: Buffer): void {
    for (const command of commandsIn(file)) this.take(command)
  }

  take(command: readonly string[]): void {
    const [name = '', ...args] = command
    const verb = name.toUpperCase()
    if (verb === 'MULTI') this.#open = true
    else if (verb === 'EXEC') this.#open = false
    else this.#apply(verb, args)
    if (!this.#open) this.#judge()
  }

  #apply(verb: string, [at = '', ...rest]: readonly string[]): void {
    if (verb === 'FLUSHALL') this.#empty(Object.values(KEYS))
    else if (verb === 'DEL' || verb === 'UNLINK') this.#empty([at, ...rest])
    else if (at === KEYS.queued) this.#queue(verb, rest)
    else if (at === KEYS.committed) for (const id of rest) this.#of(id).committed = verb === 'SADD'
    else if (at === KEYS.processing) this.#sorted(verb, rest, 'processing')
    else if (at === KEYS.delayed) this.#sorted(verb, rest, 'delayed')
    else if (at === KEYS.prioritized) this.#sorted(verb, rest, 'prioritized')
  }

  #queue(verb: string, args: readonly string[]): void {
    if (verb === 'LPOP') this.#pop(Number(args[0] ?? 1))
    else if (verb === 'LTRIM' && args[1] === '-1') this.#pop(Number(args[0]))
    else if (verb === 'RPUSH' || verb === 'LPUSH') {
      for (const id of args) {
        this.#of(id).line++
        if (verb === 'RPUSH') this.#line.push(id)
        else this.#line.unshift(id)
      }
    } else throw new Error(`${verb} ${args.join(' ')} on the line: the replay does not know it`)
  }

  /** From the head. */
  #pop(count: number): void {
    for (const id of this.#line.splice(0, count)) this.#of(id).line--
  }

  #sorted(verb: string, args: readonly string[], place: 'processing' | 'delayed' | 'prioritized'): void {
    if (verb === 'ZREM') {
      for (const id of args) this.#of(id)[place] = false
      return
    }
    if (verb !== 'ZADD') throw new Error(`${verb} on ${place}: the replay does not know it`)
    // A renewal makes no entry; all others do.
    const only = args[0] === 'XX'
    const pairs = args.slice(only || args[0] === 'NX' ? 1 : 0)
    for (let i = 1; i < pairs.length; i += 2) {
      const places = this.#of(pairs[i] as string)
      if (!only) places[place] = true
    }
  }

  #empty(keys: readonly string[]): void {
    if (keys.includes(KEYS.queued)) this.#line = []
    for (const [id, places] of this.#places) {
      if (keys.includes(KEYS.queued)) places.line = 0
      if (keys.includes(KEYS.committed)) places.committed = false
      if (keys.includes(KEYS.processing)) places.processing = false
      if (keys.includes(KEYS.delayed)) places.delayed = false
      if (keys.includes(KEYS.prioritized)) places.prioritized = false
      this.#touched.add(id)
    }
  }

  #of(id: string): Places {
    this.#touched.add(id)
    const known = this.#places.get(id)
    if (known) return known
    const places = { line: 0, committed: false, processing: false, delayed: false, prioritized: false }
    this.#places.set(id, places)
    return places
  }

  #judge(): void {
    if (this.#touched.size === 0) return
    this.transactions++
    for (const id of this.#touched) {
      const { line, committed, processing, delayed, prioritized } = this.#of(id)
      const at = Number(processing) + Number(delayed) + Number(prioritized)
      if (line > 1) this.#breach(`${id} stood in line twice`)
      else if (line + at !== Number(committed)) this.#breach(`${id} was not in exactly one state`)
      if (!committed && line + at === 0) this.#places.delete(id)
    }
    this.#touched.clear()
  }

  #breach(what: string): void {
    this.breaches.push({ rule: 'K8', what: `${what}, after transaction ${this.transactions}` })
  }
}

/** The commands of an append-only file: RESP, and lines of its own that begin with #. */
export function* commandsIn(file: Buffer): Generator<string[]> {
  let at = 0
  const line = (): string | undefined => {
    const end = file.indexOf('\r\n', at)
    if (end === -1) return undefined
    const text = file.toString('latin1', at, end)
    at = end + 2
    return text
  }
  for (;;) {
    const head = line()
    if (head === undefined) return
    if (head.startsWith('#')) continue
    const command: string[] = []
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const size = Number(line()?.slice(1) ?? Number.NaN)
      if (!(at + size + 2 <= file.length)) return
      command.push(file.toString('utf8', at, at + size))
      at += size + 2
    }
    yield command
  }
}
