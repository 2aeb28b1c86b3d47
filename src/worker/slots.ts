import pLimit, { type LimitFunction } from 'p-limit'
import type { Job } from '../job.js'

/** One of `concurrency`; to call it closes it. */
export type Slot = () => void

/** Entries of the line that were taken and not yet cut off, at most. */
const TAKEN = 1_024

/**
 * Where handlers run. p-limit opens slots, never more than there may be, and a slot takes one job after the other, then
 * waits for the next: a call of p-limit for each job costs more than all else that a worker does for it.
 */
export class Slots {
  readonly #limit: LimitFunction
  readonly #run: (job: Job, slot: Slot) => boolean
  /** Claimed, and not begun. */
  readonly #line: (Job | undefined)[] = []
  /** The first of the line. */
  #head = 0
  /** Open, with nothing to do. */
  readonly #idle: Slot[] = []
  #open = 0
  #filling = false

  /** `run` tells whether the job still runs: then `next` is called when it has ended. */
  constructor(concurrency: number, run: (job: Job, slot: Slot) => boolean) {
    this.#limit = pLimit(concurrency)
    this.#run = run
  }

  get concurrency(): number {
    return this.#limit.concurrency
  }

  set concurrency(slots: number) {
    this.#limit.concurrency = slots
    while (this.#tooMany) {
      const idle = this.#idle.pop()
      if (!idle) break
      this.#close(idle)
    }
    this.#fillSoon()
  }

  /** Jobs that wait for a slot. */
  get waiting(): number {
    return this.#line.length - this.#head
  }

  /** Starts soon if a slot is free, never at once: its handler shall not run inside whatever reads an answer. */
  add(job: Job): void {
    this.#line.push(job)
    this.#fillSoon()
  }

  /** Takes back all that wait. */
  clear(): Job[] {
    const rest = this.#line.splice(0).slice(this.#head) as Job[]
    this.#head = 0
    return rest
  }

  /** The slot has nothing to do: it takes the next job, as many as end at once. */
  next(slot: Slot): void {
    while (!this.#tooMany) {
      const job = this.#take()
      if (!job) return void this.#idle.push(slot)
      if (this.#run(job, slot)) return
    }
    this.#close(slot)
  }

  get #tooMany(): boolean {
    return this.#open > this.#limit.concurrency
  }

  #close(slot: Slot): void {
    this.#open--
    slot()
  }

  #take(): Job | undefined {
    if (this.waiting === 0) return undefined
    const job = this.#line[this.#head]
    this.#line[this.#head++] = undefined
    if (this.waiting === 0 || this.#head === TAKEN) {
      this.#line.splice(0, this.#head)
      this.#head = 0
    }
    return job
  }

  #fillSoon(): void {
    if (this.#filling) return
    this.#filling = true
    queueMicrotask(this.#fill)
  }

  readonly #fill = (): void => {
    this.#filling = false
    while (this.waiting > 0) {
      const idle = this.#idle.pop()
      if (!idle) break
      this.next(idle)
    }
    for (let more = Math.min(this.waiting, this.concurrency - this.#open); more > 0; more--) {
      this.#open++
      void this.#limit(this.#slot)
    }
  }

  readonly #slot = (): Promise<void> => new Promise((close) => this.next(close))
}
