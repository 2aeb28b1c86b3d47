import type { QueueEvent } from '../../../src/events-log/index.js'
import type { Message } from '../../../src/messages.js'
import type { Host } from '../host.js'
import type { World } from '../world.js'

/** What can be known of a journal from outside: all that was ever said, and what of it is kept. */
export interface Library {
  readonly said: ReadonlyMap<number, Message>
  readonly last: number
  /** Position of the first message kept; 0 where none is. */
  readonly first: number
  /** When nothing was kept, last: ms of the world's time. Then nobody can say what was not heard. */
  readonly emptyUntil: number
}

/** One who hears or reads the queue's messages: each once, in order, or a gap is told. */
export class Reader {
  readonly host: Host
  readonly #world: World
  readonly #library: Library
  readonly #name: string
  readonly #fromOldest: boolean
  /** The first position that it must be told, once that is known. */
  #next: number | undefined
  /** How many events of the message before that one it was told, and how many there are. */
  #place = 0
  #size = 0
  /** What was sent from here on must be told, whatever came before. */
  #latest: number | undefined
  #told = false
  /** The ends of the gaps told since the last message. */
  #gaps: { readonly from: number; readonly to: number }[] = []
  #since: number
  over = false

  constructor(host: Host, world: World, library: Library, from: number | 'oldest' | undefined) {
    this.host = host
    this.#world = world
    this.#library = library
    this.#name = `${host.name}'s reader from ${from}`
    this.#since = world.now
    this.#fromOldest = from === 'oldest'
    this.#next = typeof from === 'number' ? from : undefined
  }

  /** What is sent from here on is heard, if it was not before. */
  begins(): void {
    this.#latest = this.#library.last + 1
  }

  /** All that was said was told. */
  get done(): boolean {
    const { said } = this.#library
    const next = this.#next ?? this.#latest
    if (next === undefined || this.#place < this.#size) return next === undefined
    for (const position of said.keys()) if (position >= next && !this.#passed(position)) return false
    return true
  }

  hear(event: QueueEvent): void {
    const { name } = this.host
    this.#hold(!this.over, () => `${name}: ${event.kind} is told to one that was closed`)
    this.#world.note(() => `${this.#name} is told ${JSON.stringify(event)}`)
    if (event.kind === 'gap') this.#gap(event.from, event.to)
    else this.#message(event.position, event.kind, event.ids)
  }

  #gap(from: number, to: number | null): void {
    const { said, first, emptyUntil } = this.#library
    this.#world.count('gaps')
    const begins = this.#gaps.length > 0 || this.#next === undefined || from === this.#next
    this.#hold(begins, () => `a gap from ${from}, not ${this.#next}`)
    if (to === null) {
      this.#hold(emptyUntil >= this.#since, () => `a gap from ${from} on, and something was kept all the time`)
      this.#gaps.push({ from, to: this.#library.last })
      return
    }
    for (let position = from; position <= to; position++) {
      const kept = said.has(position) && first > 0 && position >= first
      this.#hold(!kept, () => `a gap from ${from} to ${to}, and ${position} is kept`)
    }
    this.#gaps.push({ from, to })
  }

  #message(position: number, kind: string, ids: readonly string[]): void {
    const { said, first } = this.#library
    const message = said.get(position)
    if (this.#next === undefined) {
      const oldest = !this.#fromOldest || first === 0 || position <= first
      this.#hold(oldest, () => `the oldest is ${position}, and ${first} is kept`)
      this.#next = Math.min(position, this.#latest ?? position)
    }
    if (position >= this.#next) {
      this.#hold(this.#place === this.#size, () => `${position} before all of the message before it`)
      for (let p = this.#next; p < position; p++) {
        this.#hold(!said.has(p) || this.#passed(p), () => `${position}, and never ${p}, nor of a gap`)
      }
      this.#next = position + 1
      this.#place = 0
      this.#size = message?.told.length ?? 0
      this.#gaps = []
      this.#since = this.#world.now
      this.#world.count('messagesRead')
    } else {
      const before = this.#next - 1
      this.#hold(position === before && this.#told, () => `${position} after ${before}`)
    }
    this.#told = true
    const one = message?.told[this.#place++]
    const same = one?.kind === kind && one.ids.join() === ids.join()
    this.#hold(same, () => `${position}: ${kind} of ${ids}, and it was ${one?.kind} of ${one?.ids}`)
  }

  #passed(position: number): boolean {
    return this.#gaps.some(({ from, to }) => from <= position && position <= to)
  }

  #hold(holds: boolean, what: () => string): void {
    this.#world.hold(holds, () => `${this.#name} is told ${what()}`)
  }
}
