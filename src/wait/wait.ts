import { setMaxListeners } from 'node:events'
import { ConvoyError } from '../errors.js'
import { type Failure, readFailure } from '../failure.js'
import { unpackResult } from '../payload.js'
import type { Inside } from '../queue-settings.js'
import { show, type Timer } from '../time.js'
import { Desk, type Waiter } from './desk.js'
import type { Bond, Judgement } from './judge.js'

/** How a run that was waited for ended well. */
export interface Ended<Result = unknown> {
  /**
   * What the handler returned; undefined, too, for a run of which nothing was kept (`job.keep(0)`), or nothing any more: its
   * `keepResult` was over before it was read. The `epoch` is 0 then.
   */
  readonly result: Result
  /** The run's fencing number; 0 for a run of which nothing is kept. */
  readonly epoch: number
  /** One that started after the call, the one that was on, or one that was over. */
  readonly run: Bond['run']
}

/** ms; 0 for none. */
export interface Limits {
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** Which run it is, and whether it may be over already. */
export interface Bound {
  readonly bond: Bond
  readonly look: boolean
}

/** The longest that a timer of Node's can be, ms. */
const LONGEST = 2 ** 31 - 1

/** One for each queue object. */
const desks = new WeakMap<object, Desk>()

/** `bind` runs once all that happens after it is heard. However it ends, nothing of the wait is left. */
export async function wait<Result>(
  call: string,
  inside: Inside,
  id: string,
  { timeout, signal }: Limits,
  bind: () => Promise<Bound>,
): Promise<Ended<Result>> {
  if (signal?.aborted) throw new ConvoyError('ABORTED')
  const { clock, resultSerializer, keepResult } = inside.settings
  if (keepResult === 0) {
    throw new ConvoyError('BAD_OPTION', `${call}: the queue keeps no results: give createQueue a keepResult`)
  }
  const desk = desks.get(inside.store) ?? new Desk(inside)
  desks.set(inside.store, desk)
  let leave = (): void => {}
  const ended = new Promise<[Bond, Judgement]>((resolve, reject) => {
    const waiter: Waiter = { id, end: (judgement) => resolve([waiter.bond as Bond, judgement]), fail: reject }
    const abort = (): void => reject(new ConvoyError('ABORTED'))
    const late = (): void =>
      reject(new ConvoyError('WAIT_TIMEOUT', `${call}: ${show(id)} had not ended after ${timeout} ms`))
    let timer: Timer
    // A timer that is asked for more goes off early.
    const arm = (left: number): void => {
      const span = Math.min(left, LONGEST)
      timer = clock.setTimer(() => (left > span ? arm(left - span) : late()), span)
    }
    if (timeout > 0) arm(timeout)
    // One for all that wait is no leak to warn of.
    if (signal instanceof EventTarget) setMaxListeners(0, signal)
    signal?.addEventListener('abort', abort, { once: true })
    let over = false
    leave = () => {
      over = true
      desk.leave(waiter)
      if (timer !== undefined) clock.clearTimer(timer)
      signal?.removeEventListener('abort', abort)
    }
    const begin = async (): Promise<void> => {
      await desk.sit(waiter)
      if (over) return
      const { bond, look } = await bind()
      if (!over) desk.bind(waiter, bond, look)
    }
    begin().catch(reject)
  })
  try {
    const [{ run }, judgement] = await ended
    const { result, epoch } = doneOr(call, id, judgement)
    return { result: (result === null ? undefined : unpackResult(resultSerializer, result)) as Result, epoch, run }
  } finally {
    leave()
  }
}

/** What is done; for anything else throws. */
function doneOr(call: string, id: string, judgement: Judgement): Extract<Judgement, { is: 'done' }> {
  switch (judgement.is) {
    case 'done':
      return judgement
    case 'failed': {
      const cause: Failure | undefined = judgement.error === undefined ? undefined : readFailure(judgement.error)
      const why = cause ? `: ${cause.message}` : ''
      throw new ConvoyError('JOB_FAILED', `${call}: ${show(id)} failed${why}`, { cause })
    }
    case 'withdrawn':
      throw new ConvoyError('WITHDRAWN', `${call}: ${show(id)} was withdrawn`)
    case 'gone':
    case 'waiting': {
      const why = 'is gone, and nothing of it was kept or heard: done, or withdrawn'
      throw new ConvoyError('OUTCOME_UNKNOWN', `${call}: ${show(id)} ${why}`)
    }
  }
}
