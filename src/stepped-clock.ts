import { type Clock, type Duration, milliseconds, type PointInTime, pointInTime } from './time.js'

/** Time that passes only when it is told to, for tests. */
export interface SteppedClock extends Clock {
  /** ms since 1970: of a store and of processes at once. */
  now(): number
  /**
   * Lets time pass, and whatever falls due on the way happen at its moment, in order: timers of queues, waits of workers.
   * Resolves when that is done, but for what handlers wait for elsewhere. One call at a time.
   */
  advance(span: Duration): Promise<void>
}

interface Alarm {
  readonly at: number
  readonly run: () => void
}

/**
 * One clock for a `memoryStore` and for the queues on it, so that a test can step through delays, backoffs and leases:
 * `createQueue(name, { store: memoryStore({ clock }), clock })`. Begins now, or where you say.
 */
export function steppedClock(start: PointInTime = new Date()): SteppedClock {
  let now = pointInTime(start, 'steppedClock')
  const alarms = new Set<Alarm>()
  const due = (end: number): Alarm | undefined => {
    let first: Alarm | undefined
    for (const alarm of alarms) if (alarm.at <= end && (!first || alarm.at < first.at)) first = alarm
    return first
  }
  return {
    now: () => now,
    setTimer(run, ms) {
      const alarm = { at: now + Math.max(0, ms), run }
      alarms.add(alarm)
      return alarm
    },
    clearTimer(alarm) {
      alarms.delete(alarm as Alarm)
    },
    async advance(span) {
      const end = now + milliseconds(span, 'advance')
      await turn()
      for (let next = due(end); next; next = due(end)) {
        alarms.delete(next)
        now = Math.max(now, next.at)
        next.run()
        await turn()
      }
      now = end
      await turn()
    },
  }
}

/** All that promises have to do is done after it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
