import { availableParallelism } from 'node:os'

/** ms: for so long an answer is looked for. A worker that asks again within it does nothing but wait for answers. */
const LONGEST = 0.3
/** Answers that were looked for in vain, one after another, let 2, 4 … 1,024 requests go by until it is tried again. */
const MOST_VAIN = 10

/**
 * Busy polling: the loop goes round and looks for an answer, where it would sleep until one comes. Who sleeps is woken
 * late: with jobs that take no time, one at a time, that is a third of the time; the processor's is the same, of both sides.
 * A worker whose jobs take longer than `LONGEST` sleeps, and so does, but for a try now and then, one whose server does.
 * Whatever else the process does goes on meanwhile.
 *
 * Source: the kernel's busy polling of sockets (SO_BUSY_POLL); mutexes that spin before they sleep.
 */
export class BusyPoll {
  /** Not on one core, where looking would keep the server from answering. Node 20 does not see a container's quota: see bench/README.md. */
  static readonly pays: boolean = availableParallelism() > 1

  #answered = Number.NEGATIVE_INFINITY
  /** Requests that are looked for. */
  #waiting = 0
  #until = 0
  #looking = false
  #vain = 0
  /** Requests that still go by. */
  #rest = 0

  /** A request goes out. Gives what `answered` is told. */
  sent(): number {
    const now = performance.now()
    if (now - this.#answered >= LONGEST || this.#rest-- > 0) return 0
    this.#waiting++
    this.#until = now + LONGEST
    if (!this.#looking) setImmediate(this.#look)
    this.#looking = true
    return now
  }

  /** What went out then, 0 for unlooked for, is answered. */
  answered(sent: number): void {
    this.#answered = performance.now()
    if (sent === 0) return
    this.#waiting--
    this.#vain = this.#answered - sent < LONGEST ? 0 : Math.min(this.#vain + 1, MOST_VAIN)
    this.#rest = this.#vain === 0 ? 0 : 2 ** this.#vain
  }

  readonly #look = (): void => {
    this.#looking = this.#waiting > 0 && performance.now() < this.#until
    if (this.#looking) setImmediate(this.#look)
  }
}
