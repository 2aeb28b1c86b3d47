import { createHash } from 'node:crypto'
import { Agenda } from './agenda.js'
import { Dice } from './dice.js'

/** What a simulation counts, so that nobody can say that nothing happened. */
export type Tally = Record<string, number>

/**
 * Time, chance and the record of one simulation. Nothing here is real: an hour passes in the time its events take, and
 * the same seed gives the same events to the byte.
 */
export class World {
  readonly seed: number
  readonly dice: Dice
  readonly agenda = new Agenda()
  readonly tally: Tally = {}
  /** The first law that was broken. */
  broken: Error | undefined
  /** Code under test was called: its microtasks and ticks are to run before time goes on. */
  touched = false
  readonly #trace: string[] | undefined
  readonly #names = new Map<string, string>()

  constructor(seed: number, traced: boolean) {
    this.seed = seed
    this.dice = new Dice(seed)
    this.#trace = traced ? [] : undefined
  }

  get now(): number {
    return this.agenda.now
  }

  count(what: string, by = 1): void {
    this.tally[what] = (this.tally[what] ?? 0) + by
  }

  /** A line of the record; the text is made only when somebody reads it. */
  note(line: () => string): void {
    this.#trace?.push(`${this.now.toFixed(3)} ${this.#renamed(line())}`)
  }

  /** A law is broken. Never thrown where it is seen: that may be within a handler, whose errors are part of the game. */
  breach(law: string): void {
    this.broken ??= new Error(this.#renamed(law))
    this.note(() => `BROKEN ${law}`)
  }

  hold(condition: boolean, law: () => string): void {
    if (!condition) this.breach(law())
  }

  get trace(): readonly string[] {
    return this.#trace ?? []
  }

  get hash(): string {
    return createHash('sha1').update(this.trace.join('\n')).digest('hex')
  }

  /** Lets `ms` go by. */
  async pass(ms: number): Promise<void> {
    await this.#run(this.now + ms, () => false)
  }

  /** Lets time go by until it holds; a breach when it takes longer. Gives how long it took. */
  async until(what: string, holds: () => boolean, ms: number): Promise<number> {
    const since = this.now
    if (!(await this.#run(since + ms, holds))) {
      this.breach(`not within ${ms.toFixed(0)} ms: ${what}`)
      throw this.broken
    }
    return this.now - since
  }

  async #run(end: number, holds: () => boolean): Promise<boolean> {
    for (;;) {
      // What the test itself called before has ticks to run, too.
      await drained()
      if (this.broken) throw this.broken
      if (holds()) return true
      this.touched = false
      while (!this.touched) {
        const entry = this.agenda.next(end)
        if (!entry) {
          this.agenda.now = end
          return holds()
        }
        this.count('events')
        entry.run()
        if (this.broken) throw this.broken
      }
    }
  }

  /** Workers and guards name themselves at random, for good reasons; here they are called by the order they appear in. */
  #renamed(line: string): string {
    // Where an error was made depends on who called the simulation.
    return line.replace(/,\\"stack\\":\\".*?\\"(?=\})/g, '').replace(/[0-9a-f]{32}/g, (name) => {
      const known = this.#names.get(name) ?? `W${this.#names.size + 1}`
      this.#names.set(name, known)
      return known
    })
  }
}

/** Ticks and microtasks have all run, and what they brought about in turn. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
