import type { ConvoyError } from '../../../src/errors.js'
import type { StepReply, SweepReply } from '../../../src/step.js'
import type { PublishReply, State } from '../../../src/store.js'
import { type Ended, publishAndWait, waitFor } from '../../../src/wait/index.js'
import { withdrawnBy } from '../../model/withdrawn.js'
import type { Actor } from '../actor.js'
import type { Habits } from '../habits.js'
import type { PublishCall } from '../verdicts.js'
import type { Witness } from '../witness.js'
import type { World } from '../world.js'
import { type Act, type Move, often, type Part, type Scene, settledIn } from './part.js'

/** What the ID that was waited for met with, by what the server had done then. */
interface Wait {
  readonly what: string
  readonly id: string
  readonly host: string
  /** When it began: what the server had done, and by the world's time. */
  readonly from: number
  readonly at: number
  readonly timeout: number
  readonly signal: AbortSignal
  /** Of `publishAndWait`. */
  readonly call?: PublishCall
}

/** ms; what is kept for longer outlasts any wait. */
const LONG = 30_000

/** Told by a wait of itself; the rest is what any call may be told. */
const OWN = ['JOB_FAILED', 'WITHDRAWN', 'FULL', 'WAIT_TIMEOUT', 'ABORTED']

/** Who waits for a run is told its end, once and truly; of a publish, that of a run that began after it where that is promised. */
export class Waits implements Part {
  readonly moves: readonly Move[]
  /** All that is waited for is looked at this often, whatever was heard; and once more. */
  readonly takes = 10_000
  readonly #world: World
  readonly #witness: Witness
  readonly #scene: Scene
  readonly #habits: Habits
  /** ID → what the server had done when it last failed for good, was withdrawn, was done. */
  readonly #failed = new Map<string, number>()
  readonly #withdrawn = new Map<string, number>()
  readonly #done = new Map<string, number>()
  /** Process and ID → what the server had done when it judged a publish. */
  readonly #judged = new Map<string, { readonly order: number; readonly letter: string }[]>()
  #cleared = 0

  constructor(scene: Scene) {
    const { world, witness, habits } = scene
    this.#world = world
    this.#witness = witness
    this.#scene = scene
    this.#habits = habits
    this.moves = [...often(8, (actor) => this.#publish(actor)), ...often(4, (actor) => this.#wait(actor))]
  }

  done({ op, reply, by, fresh, order }: Act): void {
    switch (op.verb) {
      case 'publish':
        for (const [i, id] of op.request.ids.entries()) {
          const letter = (reply as PublishReply).verdicts[i] as string
          const key = `${by} ${id}`
          this.#judged.set(key, [...(this.#judged.get(key) ?? []), { order, letter }])
        }
        return
      case 'step':
        if (!fresh) return
        for (const { id, end } of settledIn(op.request, reply as StepReply)) {
          if (end === 'fail') this.#failed.set(id, order)
          if (end === 'withdrawn') this.#withdrawn.set(id, order)
          if (end === 'done') this.#done.set(id, order)
        }
        return
      case 'sweep':
        for (const { id, now } of (reply as SweepReply).jammed) {
          if (now === 'failed') this.#failed.set(id, order)
          if (now === 'absent') this.#withdrawn.set(id, order)
        }
        return
      case 'withdraw':
        for (const id of withdrawnBy(op.request, reply as State[])) this.#withdrawn.set(id, order)
        return
      case 'control':
        if (op.request.order === 'clear') this.#cleared = order
    }
  }

  #publish(actor: Actor): void {
    const { host } = actor
    const { verdicts, order } = this.#witness
    const id = this.#world.dice.pick(this.#habits.ids)
    const call = verdicts.called(host.name, id, order)
    const payload = { version: this.#witness.lives.nextVersion() }
    this.#begin(actor, { what: `publishAndWait(${id})`, id, call }, this.#world.dice.chance(0.5), (options) =>
      publishAndWait(host.queue, id, { payload, ...options }),
    )
  }

  #wait(actor: Actor): void {
    const id = this.#world.dice.pick(this.#habits.ids)
    const { queue } = actor.host
    // Nobody may ever publish it.
    this.#begin(actor, { what: `waitFor(${id})`, id }, true, (options) => waitFor(queue, id, options))
  }

  #begin(
    { host }: Actor,
    asked: Pick<Wait, 'what' | 'id' | 'call'>,
    timed: boolean,
    begin: (options: { timeout?: number; signal: AbortSignal }) => Promise<Ended>,
  ): void {
    const { dice, now } = this.#world
    const timeout = timed ? dice.whole(50, 6_000) : 0
    const bound = timed ? timeout : Number.POSITIVE_INFINITY
    const controller = this.#scene.calls.watchWith(host, asked.what, bound, (signal) => {
      const wait = { ...asked, host: host.name, from: this.#witness.order, at: now, timeout, signal }
      this.#world.count('waits')
      return begin({ ...(timed ? { timeout } : {}), signal }).then(
        (ended) => this.#resolves(wait, ended),
        (error: ConvoyError) => this.#rejects(wait, error),
      )
    })
    if (dice.chance(0.2)) host.deliver(dice.between(0, 3_000), () => controller.abort())
  }

  #resolves(wait: Wait, { result, epoch, run }: Ended): void {
    const { what, id, from, call } = wait
    if (call) call.told = 'unknown'
    this.#world.count(`waited ${run}`)
    const law = (holds: boolean, why: () => string): void =>
      this.#world.hold(holds, () => `${wait.host} ${what} resolves (${run}, epoch ${epoch}): ${why()}`)
    if (epoch === 0) {
      this.#world.count('waited for nothing kept')
      law(result === undefined, () => `with ${JSON.stringify(result)} of no run`)
      law((this.#done.get(id) ?? 0) > (run === 'remembered' ? 0 : from), () => 'no run was done')
      const dropped = this.#cleared > 0 || this.#withdrawn.has(id)
      law(dropped || (this.#habits.features?.keepResult ?? 0) < LONG, () => 'its result is kept still')
      return
    }
    const claim = this.#witness.claimOf(id, epoch)
    const { of, token } = (result ?? {}) as { of?: string; token?: string }
    law(claim?.ended === 'done', () => `that run is ${claim?.ended ?? 'not known'}`)
    law(of === id && token === claim?.token, () => `with ${JSON.stringify(result)}`)
    if (run === 'remembered' || !claim) return
    law(claim.over > from, () => 'that run was over before')
    if (!call || run !== 'next') return
    const judged = this.#judgedOf(wait)
    law(claim.order > Math.min(...judged.map(({ order }) => order)), () => 'that run began before the publish')
  }

  #rejects(wait: Wait, error: ConvoyError): void {
    const { what, id, from, at, timeout, signal, call } = wait
    const { code } = error
    const gone = code === 'OUTCOME_UNKNOWN' && error.message.includes('is gone')
    if (call) {
      if (gone || code === 'CLOSED' || OWN.includes(code)) call.told = 'unknown'
      else this.#witness.verdicts.refused(call, error)
    }
    this.#world.count(`wait: ${gone ? 'gone' : code}`)
    if (!gone && !OWN.includes(code)) throw error
    const since = (what: ReadonlyMap<string, number>): boolean => (what.get(id) ?? 0) > (call ? from : 0)
    const withdrawn = since(this.#withdrawn) || this.#cleared > (call ? from : 0)
    const truths: Readonly<Record<string, () => boolean>> = {
      JOB_FAILED: () => since(this.#failed),
      WITHDRAWN: () => withdrawn,
      FULL: () => this.#judgedOf(wait).some(({ letter }) => 'xz'.includes(letter)),
      WAIT_TIMEOUT: () => timeout > 0 && this.#world.now - at >= timeout - 1,
      ABORTED: () => signal.aborted,
      OUTCOME_UNKNOWN: () => withdrawn || since(this.#failed) || since(this.#done),
    }
    this.#world.hold(truths[code]?.() === true, () => `${wait.host} ${what} rejects with ${code}, which is not so`)
  }

  #judgedOf({ host, id, from }: Wait): { readonly order: number; readonly letter: string }[] {
    return (this.#judged.get(`${host} ${id}`) ?? []).filter(({ order }) => order > from)
  }
}
