import type { Job } from '../../src/index.js'

interface Act {
  readonly job: Job
  readonly end: (how?: () => unknown) => void
}

/** A handler whose runs the test holds in its hand: each goes on until it is let go, and may then return or throw what the test says. */
export class Stage {
  /** Every run since the beginning, in order. */
  readonly begun: Job[] = []
  /** The most that ran at once. */
  most = 0
  readonly #acts: Act[] = []
  readonly #lookers = new Set<() => void>()
  #open = false

  readonly handler = (job: Job): Promise<unknown> => {
    this.begun.push(job)
    const result = new Promise<unknown>((resolve, reject) => {
      const end = (how: () => unknown = () => undefined): void => {
        this.#acts.splice(this.#acts.indexOf(act), 1)
        try {
          resolve(how())
        } catch (thrown) {
          reject(thrown)
        }
      }
      const act = { job, end }
      this.#acts.push(act)
      if (this.#open) end()
    })
    this.most = Math.max(this.most, this.#acts.length)
    for (const look of [...this.#lookers]) look()
    return result
  }

  get ids(): string[] {
    return this.begun.map(({ id }) => id)
  }

  /** IDs of the runs that have not been let go. */
  get running(): string[] {
    return this.#acts.map(({ job }) => job.id)
  }

  /** Resolves with the latest run once `count` have begun since the beginning. */
  async begins(count: number): Promise<Job> {
    if (this.begun.length < count) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (this.begun.length < count) return
          this.#lookers.delete(look)
          resolve()
        }
        this.#lookers.add(look)
      })
    }
    return this.begun[count - 1] as Job
  }

  /** Lets the oldest run of this ID end. */
  end(id: string, how?: () => unknown): void {
    const act = this.#acts.find(({ job }) => job.id === id)
    if (!act) throw new Error(`${id} does not run`)
    act.end(how)
  }

  /** Lets all runs end, these and those to come. */
  open(): void {
    this.#open = true
    for (const act of [...this.#acts]) act.end()
  }
}
