import { ConvoyError } from '../errors.js'
import type { Events } from '../events.js'
import { type Desk, Job } from '../job.js'
import type { Pulse } from '../pulse.js'
import type { Held, StepReply } from '../step.js'
import { show } from '../time.js'
import { type Claims, each } from './claims.js'
import type { Thrown } from './outbox.js'
import type { Runs } from './runs.js'
import type { Wish } from './steps.js'
import type { Watch } from './watch.js'

export interface AnswersOptions {
  readonly claims: Claims
  readonly watch: Watch
  readonly pulse: Pulse | undefined
  readonly events: Events
  readonly desk: Desk
  readonly runs: Runs
}

/** What the answer to a step says of this worker's jobs. */
export class Answers {
  readonly #options: AnswersOptions

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  read(reply: StepReply, since: number, { settle, renew, slots }: Wish, thrown: Thrown): void {
    if (reply.settled !== '' || thrown.size > 0) this.#settled(settle, reply.settled, thrown)
    each(renew, reply.renewed, (id, mark, token) => this.#renewed(id, mark, token, since))
    if (reply.ids.length > 0) this.#claimed(reply, since, slots)
  }

  /** Only what the store accepted has failed; a late, withdrawn or superseded run has not. */
  #settled(settle: readonly Held[], marks: string, thrown: Thrown): void {
    const { events } = this.#options
    each(settle, marks, (id, mark) => {
      if (mark === '0') events.emit('lost', id)
      const one = mark === '1' ? thrown.get(id) : undefined
      if (one?.retry) events.emit('retrying', id, one.error, one.retry)
      else if (one) events.emit('failed', id, one.error)
    })
  }

  #renewed(id: string, mark: string, token: string, since: number): void {
    const { claims, events } = this.#options
    const job = claims.find(id)
    // An answer that comes late may speak of a claim before this one.
    if (job?.token !== token) return
    if (mark === '0') this.#lose(job)
    // Answers may come out of order.
    else job.heldSince = Math.max(job.heldSince, since)
    if (mark === 'o' || mark === 's') job.outdate()
    if (mark !== 'w' && mark !== 's') return
    const first = !job.stopped
    if (mark === 'w') job.stop(new ConvoyError('ABORTED', `${show(id)} was withdrawn`))
    else job.stop(new ConvoyError('SUPERSEDED', `${show(id)} was published anew, and will run with that`))
    if (first) events.emit(mark === 'w' ? 'withdrawn' : 'superseded', id)
  }

  #claimed({ token, ids, tries, payloads }: StepReply, since: number, slots: number): void {
    const { claims, watch, pulse, desk, runs } = this.#options
    pulse?.held(token, ids)
    const late = watch.tooLate(since)
    for (let i = 0; i < ids.length; i++) {
      const job = new Job(ids[i] as string, token, tries[i] ?? '', payloads?.[i] ?? undefined, i >= slots, since, desk)
      // Claimed anew before we were told that it was lost: the run that goes on is told now.
      const before = claims.find(job.id)
      if (before) this.#lose(before)
      claims.add(job)
      if (late) watch.stop(job)
      runs.add(job)
    }
  }

  /** The claim is somebody else's, or nobody's. */
  #lose(job: Job): void {
    this.#options.claims.drop(job)
    job.stop(
      new ConvoyError('ABORTED', `the claim of ${show(job.id)} was lost: its lease had lapsed, and it may run again`),
    )
    this.#options.events.emit('lost', job.id)
  }
}
