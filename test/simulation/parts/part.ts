import type { Op, QueueState, Reply } from '../../../src/memory/model.js'
import type { StepReply, StepRequest } from '../../../src/step.js'
import type { Verdict } from '../../../src/verdict.js'
import type { Actor } from '../actor.js'
import type { Calls } from '../calls.js'
import { type End, ODD, type Run } from '../claim.js'
import type { Habits } from '../habits.js'
import type { Host } from '../host.js'
import type { Server } from '../server.js'
import type { PublishCall } from '../verdicts.js'
import type { Witness } from '../witness.js'
import type { World } from '../world.js'

/** One feature of the life of a job, as the simulation plays it: what people do with it, and the promise it is held to. */
export interface Part {
  /** ms by which a recovery may take longer for it. */
  readonly takes?: number
  /** ms after which nothing that was done before keeps a publish from running at once. */
  readonly settles?: number
  /** What a process does with it now and then; the more often one is named, the more often. */
  readonly moves?: readonly Move[]
  /** Before anything else. */
  begin?(): void
  /** A process sends a call, perhaps again. */
  sent?(op: Op, host: Host): void
  /** The server is about to run a verb: the state is as it was. */
  asked?(op: Op): void
  /** It has run it. */
  done?(act: Act): void
  /** A handler begins. */
  began?(run: Run): void
  /** A publisher is told. */
  told?(call: PublishCall, verdict: Verdict): void
  /** liveness: the faults have stopped, and the network is calm. It gives up what would keep the queue from falling silent. */
  calm?(): Promise<void>
  /** liveness: nothing is left to do. */
  quiet?(): Promise<void>
}

export type Move = (actor: Actor) => void

/** One verb that the server has run. */
export interface Act {
  readonly op: Op
  readonly reply: Reply
  /** Of which process. */
  readonly by: string
  /** The network sent it twice. */
  readonly copy: boolean
  /** No step of that number ran before. */
  readonly fresh: boolean
  /** The server's clock, ms, and the latest that it has ever shown. */
  readonly ms: number
  readonly reached: number
  readonly state: QueueState
  /** How many verbs it has run. */
  readonly order: number
}

/** What a part sees of its world. */
export interface Scene {
  readonly world: World
  readonly server: Server
  readonly witness: Witness
  readonly calls: Calls
  readonly habits: Habits
  readonly actors: readonly Actor[]
}

/** All that a queue's options ask for beyond a plain lane. */
export class Parts {
  readonly #all: readonly Part[]
  readonly takes: number
  readonly settles: number
  readonly moves: readonly Move[]

  constructor(all: readonly Part[] = []) {
    this.#all = all
    this.takes = all.reduce((sum, { takes = 0 }) => sum + takes, 0)
    this.settles = Math.max(0, ...all.map(({ settles = 0 }) => settles))
    this.moves = all.flatMap(({ moves = [] }) => moves)
  }

  begin(): void {
    for (const part of this.#all) part.begin?.()
  }

  sent(op: Op, host: Host): void {
    for (const part of this.#all) part.sent?.(op, host)
  }

  asked(op: Op): void {
    for (const part of this.#all) part.asked?.(op)
  }

  done(act: Act): void {
    for (const part of this.#all) part.done?.(act)
  }

  began(run: Run): void {
    for (const part of this.#all) part.began?.(run)
  }

  told(call: PublishCall, verdict: Verdict): void {
    for (const part of this.#all) part.told?.(call, verdict)
  }

  async calm(): Promise<void> {
    for (const part of this.#all) await part.calm?.()
  }

  async quiet(): Promise<void> {
    for (const part of this.#all) await part.quiet?.()
  }
}

export const often = (weight: number, move: Move): Move[] => Array<Move>(weight).fill(move)

export interface Settled {
  readonly id: string
  readonly token: string
  readonly end: End
}

/** What a step has ended; what was refused is left out. */
export function settledIn({ settle }: StepRequest, { settled }: StepReply): Settled[] {
  const all = settle.flatMap(({ token, ids, end }) => ids.map((id) => ({ id, token, end })))
  return all.flatMap((one, i) => {
    const mark = settled[i] ?? '1'
    const end = mark === '1' ? one.end : ODD[mark]
    return end === undefined ? [] : [{ ...one, end }]
  })
}
