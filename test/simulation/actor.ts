import type { ConvoyError } from '../../src/errors.js'
import type { Job } from '../../src/job.js'
import type { PublishItem } from '../../src/publish-options.js'
import type { Verdict } from '../../src/verdict.js'
import type { Worker } from '../../src/worker/worker.js'
import type { Calls } from './calls.js'
import { mayClaimAhead } from './features.js'
import type { Habits } from './habits.js'
import { Hand } from './hand.js'
import { handlerOf } from './handlers.js'
import type { Host } from './host.js'
import type { PublishCall } from './verdicts.js'
import type { Witness } from './witness.js'
import type { World } from './world.js'

/** ms within which a worker that closes gives up telling the server, and takes its leave. */
const LAST_WORDS = 5_500
/** What faults do to a process, and what another may do to its schedule. */
const KNOWN: readonly string[] = ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED', 'STALLED', 'SCHEDULE_GONE']

/** What one process does with its queue, by chance: a program that uses everything. */
export class Actor {
  readonly host: Host
  readonly workers: Worker[] = []
  readonly hand: Hand
  readonly #world: World
  readonly #witness: Witness
  readonly #calls: Calls
  readonly #habits: Habits
  readonly #prefetch = new Map<Worker, number>()
  #guards = 0
  closed = false
  /** Until when workers that were told to close have time to, by the world's time. */
  #leaving = 0

  constructor(host: Host, habits: Habits, parts: { world: World; witness: Witness; calls: Calls }) {
    const { world, witness, calls } = parts
    this.host = host
    this.#world = world
    this.#witness = witness
    this.#calls = calls
    this.#habits = habits
    witness.hosts.set(host.name, host)
    this.hand = new Hand(host, habits.publishTimeout, { witness, calls })
    const { queue } = host
    queue.on('error', (error) => this.#heard(error))
    queue.on('overrun', (id) => {
      world.count('overruns')
      witness.overran(host, id)
    })
    queue.on('lost', () => world.count('lostEvents'))
    queue.on('suspended', () => world.count('suspended'))
    queue.on('resumed', () => world.count('resumed'))
    queue.on('withdrawn', () => world.count('withdrawnEvents'))
    queue.on('retrying', () => world.count('retryingEvents'))
  }

  get guarded(): boolean {
    return this.#guards > 0
  }

  get awake(): boolean {
    return !this.host.dead && !this.host.closing
  }

  work(): void {
    const { queue } = this.host
    const { dice } = this.#world
    const { jobTimeout, abortGrace } = this.#habits
    const act = { ...this.#habits, world: this.#world, witness: this.#witness, host: this.host }
    const told = (job: Job, promise: Promise<boolean>): void =>
      this.#calls.watch(this.host, 'report', Number.POSITIVE_INFINITY, this.#witness.lives.tells(job, promise))
    const tells = this.#habits.features !== undefined
    const handler = handlerOf({ ...act, tells, told, publish: (id) => this.publish(id) }, () => worker)
    const options = { concurrency: dice.whole(1, 3), prefetch: dice.chance(0.3) ? this.#ahead() : 0 }
    const lease = dice.chance(0.2) ? { lease: this.#habits.lease * 2 } : {}
    const worker: Worker = queue.process(handler, { ...options, ...lease, jobTimeout, abortGrace })
    this.#world.note(() => `${this.host.name} starts ${worker.name} ${JSON.stringify(options)}`)
    this.#witness.steps.room(worker.name, options.concurrency + options.prefetch)
    this.#prefetch.set(worker, options.prefetch)
    this.workers.push(worker)
  }

  #ahead(): number {
    const { features } = this.#habits
    return features && !mayClaimAhead(features) ? 0 : this.#world.dice.whole(1, 3)
  }

  guard(): void {
    this.#guards++
    this.host.queue.jamGuard({ every: this.#habits.every })
  }

  /** With a payload of its own, where the queue is no plain lane. */
  #item(id: string, atOnce = false): PublishItem<unknown> {
    const { features } = this.#habits
    if (features === undefined) return id
    const { dice } = this.#world
    const { delay, priorities } = features
    const put = !atOnce && delay > 0 && dice.chance(0.3)
    const priority = dice.pick(priorities)
    const payload = { version: this.#witness.lives.nextVersion() }
    return { id, payload, ...(priority === 0 ? {} : { priority }), ...(put ? { delay: dice.whole(1, delay) } : {}) }
  }

  publish(id: string, atOnce = false): void {
    const call = this.#called(id, this.#witness.order, true)
    const item = this.#item(id, atOnce)
    const { id: _, ...options } = typeof item === 'object' ? item : { id }
    const { queue } = this.host
    const verdict = typeof item === 'object' ? queue.publish(id, options) : queue.publish(id)
    const told = verdict.then((verdict) => this.#told([call], [verdict]))
    this.#watchPublish(`publish(${id})`, told, [call])
  }

  publishMany(ids: readonly string[], atOnce = false): void {
    const calls = ids.map((id) => this.#called(id))
    const told = this.host.queue
      .publishMany(ids.map((id) => this.#item(id, atOnce)))
      .then((verdicts) => this.#told(calls, verdicts))
    this.#watchPublish(`publishMany(${ids})`, told, calls)
  }

  /** A source that gives its IDs one by one, over some time. */
  publishStream(ids: readonly string[]): void {
    const { host } = this
    const { dice } = this.#world
    const calls: PublishCall[] = []
    const from = this.#witness.order
    const called = (id: string): PublishCall => calls[calls.push(this.#called(id, from)) - 1] as PublishCall
    const item = (id: string): PublishItem<unknown> => this.#item(id)
    async function* source(): AsyncGenerator<PublishItem<unknown>> {
      for (const id of ids) {
        if (dice.chance(0.5)) await new Promise<void>((resolve) => host.deliver(dice.between(0, 20), resolve))
        called(id)
        yield item(id)
      }
    }
    let heard = 0
    const onVerdicts = (verdicts: readonly Verdict[]): void => {
      // Two batches may be on their way, and answer in any order: each tells of the oldest open call of its IDs.
      for (const verdict of verdicts) {
        const call = calls.find(({ told, id }) => told === 'open' && id === verdict.id)
        if (call) this.#told([call], [verdict])
        heard++
      }
    }
    const counted = host.queue.publishMany(source(), { onVerdicts }).then((counts) => {
      const all = Object.values(counts).reduce((sum, one) => sum + one, 0)
      this.#world.hold(
        all === heard && heard === ids.length,
        () => `a stream of ${ids.length} gave ${heard} verdicts, ${all} counts`,
      )
    })
    const unknown = (): void => {
      for (const call of calls) if (call.told === 'open') call.told = 'unknown'
    }
    this.#calls.watch(host, `publishStream(${ids})`, this.#patience() * 3, counted, unknown)
  }

  /** Both ways of waiting with a signal: each may be told to stop. */
  wait(): void {
    const { queue } = this.host
    const forever = Number.POSITIVE_INFINITY
    const controller = this.#world.dice.chance(0.5)
      ? this.#calls.watchWith(this.host, 'idle', forever, (signal) => queue.idle({ signal }))
      : this.#calls.watchWith(this.host, 'sweep', forever, (signal) => queue.sweep({ signal }))
    if (this.#world.dice.chance(0.5)) this.host.deliver(this.#world.dice.between(0, 3_000), () => controller.abort())
  }

  pause(worker: Worker): void {
    worker.pause()
    this.#witness.steps.barred.set(worker.name, this.#world.now)
  }

  resume(worker: Worker): void {
    this.#witness.steps.barred.delete(worker.name)
    worker.resume()
  }

  resize(worker: Worker): void {
    const slots = this.#world.dice.whole(1, 4)
    this.#witness.steps.room(worker.name, slots + (this.#prefetch.get(worker) ?? 0))
    worker.concurrency = slots
  }

  closeWorker(worker: Worker): void {
    this.workers.splice(this.workers.indexOf(worker), 1)
    this.#watch(`${worker.name}.close`, worker.close({ timeout: this.#habits.closeTimeout }), this.#bar(worker))
  }

  close(): void {
    const { host } = this
    const { closeTimeout, publishTimeout, replyTimeout } = this.#habits
    host.closing = true
    this.#world.count(this.#witness.busy(host) ? 'closesInFlight' : 'closes')
    for (const worker of this.workers) this.#bar(worker)
    // What a guard has sent is answered, or its wire replaced, whoever closes.
    const guard = this.guarded ? Math.max(publishTimeout, this.#habits.every) : 0
    // A schedule that is at it asks three times before it hears that it should stop.
    const asks = this.#habits.features?.every ? 3 * publishTimeout : 0
    const bound = Math.max(asks, this.#patience(), this.#leaving - this.#world.now, replyTimeout, guard)
    const closed = host.queue.close({ timeout: closeTimeout }).then(() => {
      this.closed = true
      const wires = host.net.links.size
      this.#world.hold(wires === 0, () => `${host.name} has closed, and leaves ${wires} wires`)
    })
    this.#watch('close', closed, bound)
  }

  /** A worker that closes claims nothing, and waits no longer than this for its handlers and for the server. */
  #bar(worker: Worker): number {
    const { closeTimeout, abortGrace, replyTimeout } = this.#habits
    this.#witness.steps.barred.set(worker.name, this.#world.now)
    this.#world.agenda.add(closeTimeout + abortGrace - 10, () => this.#witness.abandon((run) => run.worker === worker))
    const bound = closeTimeout + abortGrace + LAST_WORDS + replyTimeout
    this.#leaving = Math.max(this.#leaving, this.#world.now + bound)
    return bound
  }

  #watch(what: string, promise: Promise<unknown>, bound = this.#habits.publishTimeout): void {
    this.#calls.watch(this.host, what, bound, promise)
  }

  #watchPublish(what: string, told: Promise<void>, calls: readonly PublishCall[]): void {
    this.#calls.watch(this.host, what, this.#patience(), told, (error) => {
      for (const call of calls) this.#witness.verdicts.refused(call, error)
    })
  }

  /** How long a publish may take: where it waits for room, one try may be on its way before its own, and its own at the end. */
  #patience(): number {
    const { publishTimeout, features } = this.#habits
    const wait = features?.room?.wait ?? 0
    return wait > 0 ? wait + 2 * publishTimeout : publishTimeout
  }

  #called(id: string, from = this.#witness.order, alone = false): PublishCall {
    return this.#witness.verdicts.called(this.host.name, id, from, alone)
  }

  #told(calls: readonly PublishCall[], verdicts: readonly Verdict[]): void {
    for (const [i, call] of calls.entries()) {
      const verdict = verdicts[i] as Verdict
      this.#witness.verdicts.told(call, verdict)
      this.#witness.parts.told(call, verdict)
    }
  }

  /** Trouble of the background: what the network does, never what we did ourselves. */
  #heard(error: ConvoyError): void {
    this.#world.count('errors')
    this.#world.note(() => `${this.host.name} hears ${error.code}: ${error.message}`)
    const ours = /STALE/.test(error.message) || !KNOWN.includes(error.code)
    if (ours) this.#world.breach(`${this.host.name} hears ${error.code}: ${error.message}`)
  }
}
