import type { Job } from '../../src/job.js'
import type { Op, QueueState, Reply } from '../../src/memory/model.js'
import type { StepReply, StepRequest, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import type { Worker } from '../../src/worker/worker.js'
import { Watch } from '../model/laws.js'
import { withdrawnBy } from '../model/withdrawn.js'
import { type Claim, type End, ODD, type Run, untruth } from './claim.js'
import type { Features } from './features.js'
import type { Host } from './host.js'
import { Lives } from './lives.js'
import { Looks } from './looks.js'
import { Parts } from './parts/part.js'
import { StepOrder } from './step-order.js'
import { Verdicts } from './verdicts.js'
import type { World } from './world.js'

/** Sees all that the server does and all that handlers and publishers see, and holds the one against the other. */
export class Witness {
  readonly #world: World
  /** ms after a fault in which a claim may still lapse because of it: a wire is found dead, another made, a step repeated. */
  readonly #aftermath: number
  readonly #watch = new Watch()
  readonly verdicts: Verdicts
  readonly looks: Looks
  readonly steps: StepOrder
  readonly lives: Lives
  parts = new Parts()
  readonly hosts = new Map<string, Host>()
  /** Verbs the server has run. */
  order = 0
  state: QueueState | undefined
  readonly #claims = new Map<string, Claim>()
  readonly #ran = new Set<string>()
  readonly #running = new Set<Run>()
  readonly #runs = new Map<string, number>()
  /** ID → the last time it was accounted for: a run began, it was withdrawn, it failed for good. */
  readonly #accounted = new Map<string, number>()
  #cleared = 0
  readonly #once: boolean

  constructor(world: World, replyTimeout: number, features?: Features) {
    this.#world = world
    this.#once = features?.once === true
    this.#aftermath = replyTimeout + 2_500
    this.verdicts = new Verdicts(world)
    this.looks = new Looks(world)
    this.lives = new Lives(world, features)
    this.steps = new StepOrder(world, this.#aftermath)
  }

  sent(op: Op, host: Host): void {
    if (op.verb === 'step') this.steps.sent(op.request, host)
    this.parts.sent(op, host)
  }

  answered(op: Op): void {
    if (op.verb === 'step') this.steps.answered(op.request)
  }

  asked(op: Op): void {
    this.order++
    this.parts.asked(op)
  }

  done(op: Op, reply: Reply, by: string, copy: boolean, now: number): void {
    const [ms, state, order] = [Math.floor(now / 1_000), this.state as QueueState, this.order]
    this.lives.reached(ms)
    const fresh = op.verb !== 'step' || !this.#ran.has(`${op.request.worker}:${op.request.number}`)
    this.#judge(op, reply, by, copy, now)
    this.parts.done({ op, reply, by, copy, fresh, ms, reached: this.lives.latest, state, order })
  }

  #judge(op: Op, reply: Reply, by: string, copy: boolean, now: number): void {
    try {
      this.#watch.check(this.state as QueueState, op, reply, now)
    } catch (error) {
      this.#world.breach((error as Error).message)
    }
    this.looks.changed(this.state as QueueState, this.order, op.verb === 'publish' ? op.request.ids : [])
    switch (op.verb) {
      case 'publish': {
        const letters = (reply as { verdicts: string }).verdicts
        this.lives.published(op.request, reply as PublishReply)
        for (const [i, id] of op.request.ids.entries()) {
          this.verdicts.judged(by, id, letters[i] as string, this.order, copy)
        }
        return
      }
      case 'step':
        this.#stepped(op.request, reply as StepReply, by, now)
        return
      case 'sweep':
        this.#swept(reply as SweepReply)
        this.lives.swept(reply as SweepReply, this.state as QueueState)
        return
      case 'withdraw':
        for (const id of withdrawnBy(op.request, reply as State[])) this.#accounted.set(id, this.order)
        this.lives.withdrawn(withdrawnBy(op.request, reply as State[]))
        return
      case 'move':
        this.lives.moved(op.request, reply as State[])
        return
      case 'report':
        this.lives.reported(op.request, reply as boolean, this.state as QueueState)
        return
      case 'control':
        if (op.request.order !== 'clear') return
        this.#cleared = this.order
        this.lives.cleared(this.state as QueueState)
    }
  }

  began(host: Host, worker: Worker, job: Job): Run {
    const { id, token } = job
    const known = this.#claims.get(`${token} ${id}`)
    this.#world.hold(known !== undefined, () => `${id} runs without a claim: ${token}`)
    const claim = known ?? {
      id,
      token,
      host: host.name,
      order: 0,
      held: 0,
      ended: undefined,
      over: 0,
      run: undefined,
    }
    this.lives.began(job)
    this.#world.hold(!job.stopped, () => `${id} runs, and was told to stop before: ${job.stopped?.message}`)
    this.#world.hold(claim.run === undefined, () => `${id} runs twice under one claim: ${token}`)
    this.#world.hold(claim.host === host.name, () => `${id} runs on ${host.name}, and was claimed by ${claim.host}`)
    let busy = 1
    for (const other of this.#running) {
      if (other.host.dead) {
        this.#running.delete(other)
        continue
      }
      if (other.worker === worker && !other.abandoned) busy++
      if (other.claim.id !== id) continue
      this.#world.count('overlaps')
      const one = other.claim.ended !== undefined || claim.ended !== undefined
      this.#world.hold(one, () => `${id} runs twice, and neither claim has ended`)
    }
    this.#world.hold(busy <= worker.concurrency, () => `${busy} handlers run in ${worker.concurrency} slots`)
    const run: Run = { claim, host, worker, job, outcome: undefined, stopped: undefined, abandoned: false }
    claim.run = run
    this.#running.add(run)
    this.#accounted.set(id, Math.max(this.#accounted.get(id) ?? 0, claim.order))
    this.#runs.set(id, this.runsOf(id) + 1)
    this.#world.count('runs')
    this.parts.began(run)
    return run
  }

  ended(run: Run, outcome: 'returned' | 'threw'): void {
    run.outcome = outcome
    run.stopped = run.job.stopped?.code
    this.#running.delete(run)
  }

  /** The library says that it waits for these runs no longer. */
  abandon(which: (run: Run) => boolean): void {
    for (const run of this.#running) if (which(run)) run.abandoned = true
  }

  /** The claim of an ID with that fencing number. */
  claimOf(id: string, epoch: number): Claim | undefined {
    return [...this.#claims.values()].find((claim) => claim.id === id && claim.token.startsWith(`${epoch}:`))
  }

  /** How often an ID has begun to run. */
  runsOf(id: string): number {
    return this.#runs.get(id) ?? 0
  }

  /** Claims that have not ended. */
  get held(): number {
    return [...this.#claims.values()].filter(({ ended }) => !ended).length
  }

  /** Handlers at work, of one process or of all. */
  busy(host?: Host): number {
    return [...this.#running].filter((run) => !run.host.dead && (!host || run.host === host)).length
  }

  /** The oldest run of an ID that holds a slot does so no longer. */
  overran(host: Host, id: string): void {
    const run = [...this.#running].find((one) => one.host === host && one.claim.id === id && !one.abandoned)
    if (run) run.abandoned = true
  }

  /** L3, once all is quiet: whoever was promised a run has seen one begin, or knows why not. */
  checkPromises(): void {
    for (const { id, order } of this.verdicts.promised) {
      const last = Math.max(this.#accounted.get(id) ?? 0, this.#cleared)
      this.#world.hold(last >= order, () => `L3: ${id} was promised a run and has seen none`)
    }
  }

  /** Once all have taken their leave in peace: what a handler ended was settled, unless a sweep had taken it. */
  checkEnds(): void {
    for (const { id, token, host, ended } of this.#claims.values()) {
      const gone = this.hosts.get(host)?.dead === true
      this.#world.hold(ended !== undefined || gone, () => `${id} (${token}) was never settled`)
    }
  }

  #stepped(request: StepRequest, reply: StepReply, by: string, now: number): void {
    const key = `${request.worker}:${request.number}`
    const left = this.steps.gone.has(request.worker)
    this.#world.hold(!left || reply.ids.length === 0, () => `${reply.ids} are claimed for a worker that had left`)
    if (request.leaving) this.steps.gone.add(request.worker)
    const first = !this.#ran.has(key)
    this.#ran.add(key)
    if (!first) this.#world.count('repeatedSteps')
    else this.lives.stepped(request, reply, this.state as QueueState, Math.floor(now / 1_000))
    let i = 0
    for (const { token, ids, end } of request.settle) {
      for (const id of ids) {
        const mark = reply.settled[i++] ?? '1'
        if (first) this.#settled(token, id, mark === '1' ? end : ODD[mark], by)
      }
    }
    for (const { token, ids } of request.renew) {
      for (const id of ids) {
        const claim = this.#claims.get(`${token} ${id}`)
        if (claim && !claim.ended) claim.held = this.#world.now
      }
    }
    for (const id of reply.ids) {
      const name = `${reply.token} ${id}`
      this.#world.hold(first || this.#claims.has(name), () => `${id}: a repeated step claimed anew`)
      if (!first) continue
      const claim = { id, token: reply.token, host: by, order: this.order, held: this.#world.now }
      this.#claims.set(name, { ...claim, ended: undefined, over: 0, run: undefined })
      this.#world.count('claims')
    }
  }

  /** A settle is accepted once per claim, and says what the handler did; `end` is nothing when it was refused. */
  #settled(token: string, id: string, end: End | undefined, by: string): void {
    const claim = this.#claims.get(`${token} ${id}`)
    if (!end) {
      this.#world.count('lost')
      return
    }
    this.#world.count(end)
    const wrong = claim ? untruth(claim, end, this.#once) : 'it was never claimed'
    if (wrong) this.#world.breach(`${by} settles ${id} (${token}) as ${end}: ${wrong}`)
    if (claim) [claim.ended, claim.over] = [end, this.order]
    if (end === 'fail') this.#accounted.set(id, this.order)
  }

  #swept({ jammed }: SweepReply): void {
    for (const { id, token, now } of jammed) {
      const claim = this.#claims.get(`${token} ${id}`)
      this.#world.count('jams')
      if (now === 'failed') this.#accounted.set(id, this.order)
      if (!claim) continue
      this.#world.hold(claim.ended === undefined, () => `${id} (${token}) jams, and was ${claim.ended} before`)
      ;[claim.ended, claim.over] = ['swept', this.order]
      const host = this.hosts.get(claim.host)
      if (!host || host.dead) continue
      this.#world.count('jamsOfTheLiving')
      const excused = host.disturbed + this.#aftermath >= claim.held
      this.#world.hold(excused, () => `${id} (${token}) jams, and nothing had happened to ${host.name}`)
    }
  }
}
