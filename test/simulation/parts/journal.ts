import { events, journal, type Listeners, listen, type QueueEvent } from '../../../src/events-log/index.js'
import { MESSAGE_KINDS, type Message, readMessage } from '../../../src/messages.js'
import type { Actor } from '../actor.js'
import type { Calls } from '../calls.js'
import type { Server } from '../server.js'
import type { World } from '../world.js'
import { type Act, type Move, often, type Part, type Scene } from './part.js'
import { type Library, Reader } from './reader.js'

/** How long a listener may take to be told all there is, once the network is calm, ms: a dead wire is found, another made. */
const CATCHES_UP = 20_000

/** A journal keeps the last so many messages; of those none is missed by any reader, and what is gone is told as a gap. */
export class Journal implements Part, Library {
  readonly moves: readonly Move[]
  readonly said = new Map<number, Message>()
  readonly #world: World
  readonly #server: Server
  readonly #calls: Calls
  readonly #patience: number
  readonly #readers = new Set<Reader>()
  #keep = 0
  /** The positions that are kept, by our own count. */
  #kept: number[] = []
  #emptyUntil = 0

  constructor({ world, server, calls, habits }: Scene, keep: number) {
    const { dice } = world
    this.#world = world
    this.#server = server
    this.#calls = calls
    this.#patience = habits.publishTimeout
    this.#first = keep
    const keeps = [keep, keep, 2 * keep, Math.ceil(keep / 2), 0]
    this.moves = [
      ...often(4, (actor) => this.#listen(actor)),
      ...often(4, (actor) => this.#read(actor)),
      ...often(1, (actor) => this.#order(actor, dice.pick(keeps))),
    ]
  }

  readonly #first: number

  get last(): number {
    return this.#server.state.totals.position
  }

  get first(): number {
    return this.#server.state.events.at(0)?.position ?? 0
  }

  get emptyUntil(): number {
    return this.#kept.length === 0 ? this.#world.now : this.#emptyUntil
  }

  begin(): void {
    if (this.#first > 0) this.#server.order({ verb: 'control', request: { order: 'journal', keep: this.#first } })
  }

  done({ op, state }: Act): void {
    const { outbox, events, totals } = state
    const text = outbox[0] ?? events.at(events.size - 1)?.text
    if (text !== undefined && totals.position > 0 && !this.said.has(totals.position)) this.#hears(readMessage(text))
    if (op.verb !== 'control' || op.request.order !== 'journal') return
    this.#keep = op.request.keep
    this.#trim()
    const whole = this.#kept.length === events.size && (this.#kept[0] ?? 0) === this.first
    this.#world.hold(
      whole,
      () => `a journal of ${this.#keep} keeps ${events.size} from ${this.first}, not ${this.#kept}`,
    )
  }

  #hears(message: Message): void {
    const { position } = message
    // A journal that begins takes a position for itself.
    if (position !== this.last) return
    this.said.set(position, message)
    this.#world.count('messages')
    if (this.#keep === 0) return
    if (this.#kept.length === 0) this.#emptyUntil = this.#world.now
    this.#kept.push(position)
    this.#trim()
    const whole = this.#kept[0] === this.first
    this.#world.hold(whole, () => `a journal of ${this.#keep} begins at ${this.first}, not ${this.#kept[0]}`)
  }

  #trim(): void {
    this.#kept = this.#keep === 0 ? [] : this.#kept.slice(-this.#keep)
  }

  #order({ host }: Actor, keep: number): void {
    this.#calls.watch(host, `journal(${keep})`, this.#patience, journal(host.queue, { keep }))
  }

  #from(): number | 'oldest' | undefined {
    const { dice } = this.#world
    if (dice.chance(0.4)) return undefined
    return dice.chance(0.5) ? 'oldest' : dice.whole(1, this.last + 1)
  }

  #reader({ host }: Actor): { reader: Reader; from: { from?: number | 'oldest' } } {
    const from = this.#from()
    const reader = new Reader(host, this.#world, this, from)
    this.#readers.add(reader)
    return { reader, from: from === undefined ? {} : { from } }
  }

  #listen(actor: Actor): void {
    const { host } = actor
    const { dice } = this.#world
    const { reader, from } = this.#reader(actor)
    const hear = (event: QueueEvent): void => reader.hear(event)
    const listeners = Object.fromEntries([...MESSAGE_KINDS, 'gap'].map((kind) => [kind, hear])) as Listeners
    const begun = listen(host.queue, listeners, from)
    // It asks first when that is: now.
    const now = typeof from.from !== 'number'
    this.#calls.watch(host, 'listen', this.#patience * (now ? 2 : 1), begun)
    const life = dice.chance(0.5) ? dice.between(0, 3_000) : undefined
    begun.then(
      (ears) => {
        if (now) reader.begins()
        if (life !== undefined) host.deliver(life, () => void ears.close().then(() => this.#ends(reader)))
      },
      () => this.#ends(reader),
    )
  }

  #read(actor: Actor): void {
    const { host } = actor
    const { dice } = this.#world
    const { reader, from } = this.#reader(actor)
    const controller = new AbortController()
    const read = async (): Promise<void> => {
      for await (const event of events(host.queue, { ...from, signal: controller.signal })) reader.hear(event)
    }
    const end = (): void => this.#ends(reader)
    this.#calls.watch(host, 'events', Number.POSITIVE_INFINITY, read().finally(end))
    if (dice.chance(0.5)) host.deliver(dice.between(0, 3_000), () => controller.abort())
  }

  #ends(reader: Reader): void {
    reader.over = true
    this.#readers.delete(reader)
  }

  async quiet(): Promise<void> {
    const late = (): Reader[] => [...this.#readers].filter(({ host, done }) => !host.dead && !host.closing && !done)
    await this.#world.until('every reader is told all', () => late().length === 0, CATCHES_UP)
  }
}
