import pLimit, { type LimitFunction } from 'p-limit'
import type { Job } from '../job.js'

/** One of `concurrency`; to call it closes it. */
export type Slot = () => void

/** What runs the jobs. */
export interface Runner {
  /** Whether the job still runs: then the slot is given back by `free` when it has ended. Never throws. */
  start(job: Job, slot: Slot): boolean
}

/** Entries of the line that were taken and not yet cut off, at most. */
const TAKEN = 1_024
const NOW = Promise.resolve()

/**
 * Where handlers run. p-limit opens slots, never more than there may be, and a slot takes one job after the other, then
 * waits for the next: a call of p-limit for each job costs more than all else that a worker does for it.
 */
export class Slots {
  readonly #limit: LimitFunction
  readonly #runner: Runner
  /** Claimed, and not begun. */
  readonly #line: (Job | undefined)[] = []
  /** The first of the line. */
  #head = 0
  /** Open, with nothing to do. */
  readonly #idle: Slot[] = []
  #open = 0
  #filling = false

  constructor(concurrency: number, runner: Runner) {
    this.#limit = pLimit(concurrency)
    this.#runner = runner
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

  /** The slot has nothing to do: it takes the next job, if there is one. */
  free(slot: Slot): void {
    if (this.#tooMany) this.#close(slot)
    else this.#idle.push(slot)
    if (this.waiting > 0) this.#fillSoon()
  }

  get #tooMany(): boolean {
    return this.#open > this.#limit.concurrency
  }

  #close(slot: Slot): void {
    this.#open--
    slot()
  }

  #take(): Job {
    const job = this.#line[this.#head] as Job
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
    void NOW.then(this.#fill)
  }

  readonly #fill = (): void => {
    this.#filling = false
    while (this.waiting > 0) {
      const slot = this.#idle.pop()
      if (!slot) break
      // What ended at once leaves its slot to the next.
      if (!this.#runner.start(this.#take(), slot)) this.free(slot)
    }
    for (let more = Math.min(this.waiting, this.concurrency - this.#open); more > 0; more--) {
      this.#open++
      void this.#limit(this.#slot)
    }
  }

  readonly #slot = (): Promise<void> => new Promise((close) => this.free(close))
}
