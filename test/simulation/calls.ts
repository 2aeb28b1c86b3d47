import { getEventListeners } from 'node:events'
import { ConvoyError, type ErrorCode } from '../../src/errors.js'
import type { Host } from './host.js'
import type { World } from './world.js'

/** What a call may be told when the server is away or the queue closed; anything else is a defect. */
const HONEST: readonly ErrorCode[] = ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED', 'CLOSED', 'ABORTED']
/** Timers are late, one after the other. */
const SLACK = 60
/** A script is loaded once for all who wait for it, with the patience of the first: 1 s at most. */
const LOADING = 1_000

interface Open {
  readonly host: Host
  readonly what: string
}

/** Every promise that the library gave, until it settles: each does, within what was promised. */
export class Calls {
  readonly #world: World
  readonly #open = new Set<Open>()

  constructor(world: World) {
    this.#world = world
  }

  /** Of processes that live. */
  get open(): string[] {
    return [...this.#open].filter(({ host }) => !host.dead).map(({ host, what }) => `${host.name} ${what}`)
  }

  /** `bound` ms: how long it may take, not counting the time in which its process stood still. */
  watch<T>(host: Host, what: string, bound: number, promise: Promise<T>, refused?: (error: ConvoyError) => void): void {
    const world = this.#world
    const call = { host, what }
    const [since, stalled, loads] = [world.now, host.stalled, host.loads]
    this.#open.add(call)
    const settled = (how: string): void => {
      this.#open.delete(call)
      const took = world.now - since - (host.stalled - stalled)
      world.note(() => `${host.name} ${what} ${how} after ${took.toFixed(1)} ms`)
      const slack = SLACK + (host.loads > loads ? LOADING : 0)
      world.hold(took <= bound + slack, () => `${host.name} ${what} took ${took.toFixed(0)} ms, not ${bound}`)
    }
    promise.then(
      () => settled('resolves'),
      (error: unknown) => {
        const known = error instanceof ConvoyError && HONEST.includes(error.code)
        settled(`rejects with ${known ? error.code : String(error)}`)
        if (!known) world.breach(`${host.name} ${what} rejects with ${String(error)}`)
        else refused?.(error)
      },
    )
  }

  /** A signal of ours that a call was given: once the call has settled nobody listens to it. */
  watchWith(host: Host, what: string, bound: number, call: (signal: AbortSignal) => Promise<unknown>): AbortController {
    const controller = new AbortController()
    const promise = call(controller.signal)
    const left = (): void => {
      const listeners = getEventListeners(controller.signal, 'abort').length
      this.#world.hold(listeners === 0, () => `${host.name} ${what} leaves ${listeners} listeners behind`)
    }
    this.watch(host, what, bound, promise.finally(left))
    return controller
  }
}
