import type { Job } from '../../src/job.js'
import type { Op, QueueState } from '../../src/memory/model.js'
import type { DedupePolicy } from '../../src/policy.js'
import type { Settlement, StepReply, StepRequest, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import type { Features } from './features.js'
import type { World } from './world.js'

/** What jobs live through besides being run: payloads, attempts, backoff, strict order, what they tell and leave. */
export class Lives {
  readonly #world: World
  readonly #features: Features | undefined
  /** ID → the payload that its next claim must see: the newest, in the order in which the server met them. */
  readonly #newest = new Map<string, string | undefined>()
  /** Token and ID → the payload that its run must see. */
  /** What the last run of each ID had. */
  readonly #ran = new Map<string, string | undefined>()
  readonly #due = new Map<string, string | undefined>()
  /** ID → ms of the server's clock before which its backoff is not over. */
  readonly #backoffs = new Map<string, number>()
  /** Token and ID → how many reports of that run were kept. */
  readonly #reports = new Map<string, number>()
  #versions = 0
  /** The latest that the server's clock has ever shown, ms. */
  #reached = 0
  /** The ID that must be claimed before any other, in strict order. */
  #next: string | undefined

  constructor(world: World, features: Features | undefined) {
    this.#world = world
    this.#features = features
  }

  /** What came due stays due when the server's clock is set back after that. */
  reached(ms: number): void {
    this.#reached = Math.max(this.#reached, ms)
  }

  get latest(): number {
    return this.#reached
  }

  nextVersion(): number {
    return ++this.#versions
  }

  published({ ids, policy, traits }: Op<'publish'>['request'], { verdicts }: PublishReply): void {
    for (const [i, id] of ids.entries()) {
      const letter = verdicts[i] as string
      if (brings(policy, letter)) this.#newest.set(id, traits?.[i]?.payload)
      if ('qfwg'.includes(letter)) this.#backoffs.delete(id)
      if (letter === 'u' || letter === 's') this.#world.count('replaced')
      if (letter === 'r') this.#world.count('owedRuns')
    }
  }

  /** `first`: it did not come before. `ms`: the server's clock. */
  stepped(request: StepRequest, reply: StepReply, state: QueueState, ms: number): void {
    let nth = 0
    for (const group of request.settle) {
      for (const [i, id] of group.ids.entries()) this.#settled(id, group, i, reply.settled[nth++] ?? '1', state, ms)
    }
    const { token, ids } = reply
    for (const id of ids) this.#due.set(`${token} ${id}`, this.#newest.get(id))
    const { hold } = this.#world
    const law = (holds: boolean, what: () => string): void => hold.call(this.#world, holds, what)
    law(ids.length === 0 || !state.control.paused, () => `${ids} are claimed while the queue is paused`)
    for (const id of ids) {
      const until = this.#backoffs.get(id) ?? 0
      law(until <= this.#reached, () => `${id} is claimed ${until - ms} ms before its backoff is over`)
      if (this.#backoffs.delete(id)) this.#world.count('retriedRuns')
    }
    if (!this.#features?.ordered || ids.length === 0) return
    law(state.processing.size === 1, () => `${state.processing.size} run at once in strict order`)
    const [next, [id]] = [this.#next, ids]
    const passed = next !== undefined && next !== id && state.committed.has(next)
    law(!passed, () => `${id} is claimed before ${next}, which comes first`)
    if (next === id) this.#world.count('keptOrder')
    this.#next = undefined
  }

  #settled(id: string, group: Settlement, i: number, mark: string, state: QueueState, ms: number): void {
    if (mark === 's') this.#world.count('superseded')
    if (mark !== '1') return
    if (group.end === 'retry') {
      const delay = group.delays[i] as number
      const least = this.#features?.backoff ?? 0
      this.#world.hold(delay >= least, () => `${id} is to come back after ${delay} ms, not ${least}`)
      this.#backoffs.set(id, ms + delay)
    }
    const comesFirst = (group.end === 'retry' || group.end === 'release') && state.committed.has(id)
    if (this.#features?.ordered && comesFirst) this.#next = id
  }

  swept({ jammed }: SweepReply, { tries }: QueueState): void {
    if (!this.#features?.ordered) return
    // A run that was owed, and does not go on for the one that jammed, begins at the tail.
    for (const { id, now } of jammed) if (now === 'queued' && tries.has(id)) this.#next = id
  }

  withdrawn(ids: readonly string[]): void {
    for (const id of ids) this.#forget(id)
  }

  /** What runs goes on with what it has, and nothing is owed. */
  cleared({ processing, payload }: QueueState): void {
    for (const id of processing.slice()) this.#newest.set(id, payload.get(id))
    this.#backoffs.clear()
    this.#next = undefined
  }

  /** By hand, to the line: no backoff is left of one that was delayed. */
  moved({ ids, from }: Op<'move'>['request'], met: readonly State[]): void {
    for (const [i, id] of ids.entries()) {
      if (met[i] !== from) continue
      this.#backoffs.delete(id)
      this.#world.count('moved')
    }
  }

  reported({ id, token, progress }: Op<'report'>['request'], kept: boolean, state: QueueState): void {
    const held = state.lease.get(id)?.replace(/^~/, '') === token
    this.#world.hold(kept === held, () => `a report of ${id} (${token}) was ${kept ? '' : 'not '}kept`)
    const told = !kept || progress === undefined || state.progress.get(id) === progress
    this.#world.hold(told, () => `a report of ${id} (${token}) was kept as ${state.progress.get(id)}`)
    if (kept) this.#reports.set(`${token} ${id}`, this.#reportsOf(id, token) + 1)
    // Of a claim that was lost: somebody else has it, or nobody.
    this.#world.count(kept ? 'reports' : state.lease.has(id) ? 'strangersReports' : 'lateReports')
  }

  #reportsOf(id: string, token: string): number {
    return this.#reports.get(`${token} ${id}`) ?? 0
  }

  /** A handler reports: who is told that it was kept is told the truth. */
  tells({ id, token }: Job, promise: Promise<boolean>): Promise<boolean> {
    const before = this.#reportsOf(id, token)
    return promise.then((kept) => {
      const is = this.#reportsOf(id, token) > before
      this.#world.hold(!kept || is, () => `a report of ${id} (${token}) is told as kept, and was not`)
      return kept
    })
  }

  /** A handler starts: L3, as far as payloads go. */
  began({ id, token, payload, attempt, jams }: Job): void {
    const due = this.#due.get(`${token} ${id}`)
    const is = payload === undefined ? undefined : `s${JSON.stringify(payload)}`
    // What brings none leaves a payload that is tried again as it was: a slot that came while it ran.
    this.#world.hold(
      is === due || (due === undefined && attempt + jams > 1 && is === this.#ran.get(id)),
      () => `${id} (${token}) runs with ${is}, and the newest was ${due}`,
    )
    this.#ran.set(id, is)
    const most = this.#features?.attempts ?? 1
    this.#world.hold(attempt <= most, () => `${id} (${token}) is at attempt ${attempt} of ${most}`)
    if (attempt > 1) this.#world.count('laterAttempts')
  }

  #forget(id: string): void {
    this.#backoffs.delete(id)
    if (this.#next === id) this.#next = undefined
  }
}

/** Is it this publish's payload that the next claim will see, if none newer comes? */
function brings({ waiting, processing }: DedupePolicy, letter: string): boolean {
  if ('qfwgr'.includes(letter)) return true
  if ('uvdy'.includes(letter)) return waiting === 'replace'
  return 'os'.includes(letter) && (waiting === 'replace' || processing !== 'discard')
}
