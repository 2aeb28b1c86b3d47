import { setMaxListeners } from 'node:events'
import { Batch, mostBytes } from './batch.js'
import { ConvoyError } from './errors.js'
import type { Wish } from './publish-options.js'
import type { PublishReply } from './store.js'
import { type Clock, chance, pause } from './time.js'
import type { Verdict } from './verdict.js'

/** Between two tries, ms: doubled while nobody gets in. */
const LEAST_PAUSE = 20
const MOST_PAUSE = 1_000

interface Guest {
  /** Rising, in the order they came. */
  readonly turn: number
  readonly id: string
  readonly wish: Wish
  /** By this process's clock. */
  readonly until: number
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

interface RoomOptions {
  readonly clock: Clock
  readonly send: (batch: Batch) => Promise<PublishReply>
  readonly verdictOn: (id: string, reply: PublishReply, i: number) => Verdict
  /** Aborted when the queue closes: then each is tried once more, and told. */
  readonly closing: AbortSignal
}

/**
 * Where publishes wait for a full queue to have room. One script at a time, from the head of those that wait: none gets
 * in before one that came earlier, so that of one ID the newest payload is the last that goes in.
 */
export class Room {
  readonly #options: RoomOptions
  #guests: Guest[] = []
  #turns = 0
  #serving = false

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /** Its verdict once it is in, or `full` when its time is over. */
  wait(id: string, wish: Wish): Promise<Verdict> {
    const { clock } = this.#options
    return new Promise((resolve, reject) => {
      const then =
        <T>(tell: (it: T) => void) =>
        (it: T): void => {
          wish.signal?.removeEventListener('abort', leave)
          tell(it)
        }
      const guest: Guest = {
        ...{ turn: ++this.#turns, id, wish, until: clock.now() + wish.room },
        resolve: then(resolve),
        reject: then(reject),
      }
      const leave = (): void => this.#leave(guest)
      // One for all that wait is no leak to warn of.
      if (wish.signal instanceof EventTarget) setMaxListeners(0, wish.signal)
      wish.signal?.addEventListener('abort', leave, { once: true })
      this.#guests.push(guest)
      if (this.#serving) return
      this.#serving = true
      // With all that come in this tick.
      process.nextTick(() => void this.#serve())
    })
  }

  async #serve(): Promise<void> {
    const { clock, closing } = this.#options
    let wait = LEAST_PAUSE
    while (this.#guests.length > 0) {
      wait = (await this.#round()) ? LEAST_PAUSE : Math.min(MOST_PAUSE, wait * 2)
      if (this.#guests.length === 0) break
      const spread = wait * (0.5 + chance(clock) / 2)
      const soonest = this.#guests.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY)
      await pause(clock, Math.max(0, Math.min(spread, soonest - clock.now())), closing)
    }
    this.#serving = false
  }

  /**
   * As many from the head as one script takes, and on, script after script, until all have been tried whose time is over:
   * so each is told in time, and behind whoever came earlier. Answers whether any got in.
   */
  async #round(): Promise<boolean> {
    const now = this.#options.clock.now()
    const last = this.#guests.findLast(({ until }) => until <= now)?.turn ?? 0
    let moved = false
    for (let tried = this.#take(0); tried.length > 0; ) {
      const [{ turn: from }] = tried as [Guest]
      const left = await this.#try(
        tried,
        this.#guests.some(({ turn }) => turn < from),
      )
      this.#guests = [...left, ...this.#guests].sort((a, b) => a.turn - b.turn)
      for (const guest of left) if (guest.wish.signal?.aborted) this.#leave(guest)
      moved ||= left.length < tried.length
      const { turn } = tried.at(-1) as Guest
      tried = turn < last ? this.#take(turn) : []
    }
    return moved
  }

  /** The next for one script, of those behind `turn`: out of the line until they are answered. */
  #take(turn: number): Guest[] {
    const line = this.#guests.filter((guest) => guest.turn > turn)
    const [first] = line
    if (!first) return []
    const batch = new Batch(first.wish.policy)
    for (const { id, wish } of line) {
      const bytes = mostBytes(id, wish)
      if (!batch.takes(wish.policy, bytes)) break
      batch.add(id, wish.traits, bytes)
    }
    const taken = line.slice(0, batch.ids.length)
    const gone = new Set(taken)
    this.#guests = this.#guests.filter((guest) => !gone.has(guest))
    return taken
  }

  /** Those that go on waiting. `behind` one who does, none gets in, though room may have come since: less than none is never there. */
  async #try(guests: readonly Guest[], behind: boolean): Promise<Guest[]> {
    const { clock, send, verdictOn, closing } = this.#options
    const { policy } = (guests[0] as Guest).wish
    const batch = new Batch(behind ? { ...policy, maxLength: -1 } : policy)
    for (const { id, wish } of guests) batch.add(id, wish.traits, 0)
    try {
      const reply = await send(batch)
      return guests.filter((guest, i) => {
        const verdict = verdictOn(guest.id, reply, i)
        const over = closing.aborted || clock.now() >= guest.until
        if (verdict.outcome === 'full' && !over) return true
        guest.resolve(verdict)
        return false
      })
    } catch (error) {
      for (const guest of guests) guest.reject(error)
      return []
    }
  }

  /** Gives up, but for one whose try is on its way: its answer counts. */
  #leave(guest: Guest): void {
    const at = this.#guests.indexOf(guest)
    if (at < 0) return
    this.#guests.splice(at, 1)
    guest.reject(new ConvoyError('ABORTED'))
  }
}
