import { ConvoyError } from './errors.js'
import type { JammedJob } from './job.js'
import type { Retry } from './retries.js'
import { suggestion } from './suggestion.js'
import { show } from './time.js'

/** What a queue tells in this process: event → what its listener gets. Nothing is computed for an event nobody listens to. */
export interface QueueEvents {
  /** Something went wrong in the background. With no listener it is logged, never thrown. */
  error: [error: ConvoyError]
  /** The server is out of reach: publishes and workers wait. */
  suspended: [cause: ConvoyError]
  /** It is back: they go on. */
  resumed: []
  /** Another process uses this queue with other shared options: those that their table calls shared. */
  optionsDiffer: []
  /** A handler of this process failed, finally. */
  failed: [id: string, error: unknown]
  /** A handler of this process failed, and its ID is to be tried again. */
  retrying: [id: string, error: unknown, retry: Retry]
  /** A claim of this process was taken by a sweep (or its settle came too late): whatever the handler did does not count, and it runs again, or is failed as JAMMED. */
  lost: [id: string]
  /** A handler did not return within `jobTimeout + abortGrace`; the try was failed and its slot freed while it still runs. */
  overrun: [id: string]
  /** A job of this process was withdrawn while it ran; its signal was aborted. */
  withdrawn: [id: string]
  /** A newer publish took the place of a job of this process while it ran; its signal was aborted. */
  superseded: [id: string]
  /** A sweep of this process recovered these. */
  jammed: [jobs: readonly JammedJob[]]
  /** This process's guard now does the sweeping for all guards of the queue. */
  guardGained: []
  /** Another guard does it. */
  guardLost: []
}

/** The names, for the check: a misspelt one would never be told. */
const NAMES: Readonly<Record<keyof QueueEvents, true>> = {
  error: true,
  suspended: true,
  resumed: true,
  optionsDiffer: true,
  failed: true,
  retrying: true,
  lost: true,
  overrun: true,
  withdrawn: true,
  superseded: true,
  jammed: true,
  guardGained: true,
  guardLost: true,
}

type Listener<Args extends unknown[]> = (...args: Args) => unknown

/** A typed emitter whose listeners can never stop what they observe: what they throw goes to `error`, or to the log. */
export class Events {
  readonly #listeners = new Map<keyof QueueEvents, Set<unknown>>()

  /** Returns the function that takes the listener off again. */
  on<Name extends keyof QueueEvents>(name: Name, listener: Listener<QueueEvents[Name]>): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      throw new ConvoyError(
        'BAD_OPTION',
        `on: there is no event ${show(name)}.${suggestion(String(name), Object.keys(NAMES))}`,
      )
    }
    if (typeof listener !== 'function')
      throw new ConvoyError('BAD_HANDLER', `on: expected a function, not ${show(listener)}`)
    const set = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, set)
    set.add(listener)
    return () => set.delete(listener)
  }

  emit<Name extends keyof QueueEvents>(name: Name, ...args: QueueEvents[Name]): void {
    const set = this.#listeners.get(name)
    if (!set || set.size === 0) {
      if (name === 'error') console.error('convoy-queue:', ...args)
      return
    }
    for (const listener of [...set]) {
      observe(
        () => (listener as Listener<QueueEvents[Name]>)(...args),
        (thrown) => console.error(`convoy-queue: a listener of '${name}' threw`, thrown),
      )
    }
  }
}

/** Calls an observer: what it throws, now or later, stops nothing. */
export function observe(call: () => unknown, wrong: (thrown: unknown) => void): void {
  try {
    Promise.resolve(call()).catch(wrong)
  } catch (thrown) {
    wrong(thrown)
  }
}
