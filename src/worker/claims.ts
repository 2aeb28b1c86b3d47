import type { Job } from '../job.js'
import type { Pulse } from '../pulse.js'
import type { Held } from '../step.js'
import { groups } from './outbox.js'

/** IDs that one step renews, or reports as started, at most. */
const MOST = 1_000
const NONE: readonly Held[] = []

/** What this worker holds: claimed, and not yet on its way to being settled. */
export class Claims {
  readonly #pulse: Pulse | undefined
  readonly #held = new Map<string, Job>()
  #renewals: Job[] = []
  #begun: Job[] = []

  constructor(pulse: Pulse | undefined) {
    this.#pulse = pulse
  }

  /** Renewals and starts that wait for the next step. */
  get pending(): number {
    return this.#renewals.length + this.#begun.length
  }

  add(job: Job): void {
    this.#held.set(job.id, job)
  }

  find(id: string): Job | undefined {
    return this.#held.get(id)
  }

  /** Takes a job off our hands; false when it was not ours any more, so that nothing is to be settled. */
  drop(job: Job): boolean {
    this.#pulse?.ended(job.id, job.token)
    return this.holds(job) && this.#held.delete(job.id)
  }

  holds(job: Job): boolean {
    return this.#held.get(job.id) === job
  }

  all(): Iterable<Job> {
    return this.#held.values()
  }

  /** All we hold is due for renewal. */
  renew(): void {
    this.#renewals = [...this.#held.values()]
  }

  /** Claimed ahead, started now: the store is told, since from now on a lapse is a jam. */
  begin(job: Job): void {
    this.#begun.push(job)
  }

  takeRenewals(): readonly Held[] {
    return this.#renewals.length === 0 ? NONE : groups(this.#renewals.splice(0, MOST).filter(this.#ours))
  }

  takeBegun(): readonly Held[] {
    return this.#begun.length === 0 ? NONE : groups(this.#begun.splice(0, MOST).filter(this.#ours))
  }

  readonly #ours = (job: Job): boolean => this.holds(job)
}

/** Each ID of the groups with its mark; no marks at all mean that each was accepted. */
export function each(
  held: readonly Held[],
  marks: string,
  tell: (id: string, mark: string, token: string) => void,
): void {
  let i = 0
  for (const { ids, token } of held) for (const id of ids) tell(id, marks[i++] ?? '1', token)
}
