import { ConvoyError } from './errors.js'
import { type Events, observe } from './events.js'
import { jammedText } from './failure.js'
import { type JammedJob, jammedJob } from './job.js'
import type { SweepRequest } from './step.js'
import type { Store } from './store.js'
import { type Clock, chance, pause } from './time.js'

/** IDs recovered by one script at most: in 4 ms, where 100,000 lapse at once. */
const LIMIT = 250

export interface Sweeping extends Pick<SweepRequest, 'maxJams' | 'keepFailed' | 'lease'> {
  readonly ordered: boolean
  readonly store: Store
  readonly clock: Clock
  readonly signal: AbortSignal
}

interface Guarding extends Sweeping {
  /** Random, this guard's own. */
  readonly id: string
  readonly every: number
  /** How long one sweep waits for a server that is away, ms. */
  readonly timeout: number
  readonly opened: () => Promise<void> | undefined
  readonly events: Events
  readonly onJammed?: (jobs: readonly JammedJob[]) => unknown
}

/**
 * Sweeps until the signal is aborted. Any number of guards may run: one per interval does the work, the others wait
 * for its lease to end. Needs no traffic, no pub/sub and no clock but the server's.
 */
export async function jamGuard(options: Guarding): Promise<void> {
  const { store, clock, signal, every, timeout, id, opened, events } = options
  let held = false
  while (!signal.aborted) {
    let wait = every
    try {
      await opened()
      const reply = await store.sweep(request(options, { id, every }), { timeout, signal })
      if (reply.held !== held) events.emit(reply.held ? 'guardGained' : 'guardLost')
      held = reply.held
      if (reply.jammed.length > 0) tell(options, reply.jammed.map(jammedJob))
      if (reply.more) continue
      if (reply.wait > 0) wait = reply.held ? Math.min(every, reply.wait) : reply.wait
    } catch (error) {
      if (!signal.aborted && error instanceof ConvoyError) events.emit('error', error)
    }
    await pause(clock, wait, signal)
  }
}

/**
 * One pass over all that has jammed, for cron. When nobody has swept for half a lease the server may have been away:
 * then its living workers get half a lease to renew, and this call waits that long. What it recovers goes into `jammed`.
 */
export async function sweepOnce(options: Sweeping, timeout: number, jammed: JammedJob[]): Promise<void> {
  const { store, clock, signal } = options
  for (;;) {
    const reply = await store.sweep(request(options, null), { timeout, signal })
    for (const one of reply.jammed) jammed.push(jammedJob(one))
    if (reply.more) continue
    if (reply.wait === 0) return
    await pause(clock, reply.wait, signal)
    if (signal.aborted) return
  }
}

/** An observer can never stop the guard. */
function tell({ events, onJammed }: Guarding, jobs: readonly JammedJob[]): void {
  events.emit('jammed', jobs)
  const wrong = (cause: unknown): void => {
    events.emit('error', new ConvoyError('BAD_HANDLER', 'the onJammed callback threw', { cause }))
  }
  observe(() => onJammed?.(jobs), wrong)
}

function request(sweeping: Sweeping, guard: SweepRequest['guard']): SweepRequest {
  const { maxJams, keepFailed, lease, ordered, clock } = sweeping
  const error = jammedText(maxJams)
  const strictly = ordered ? { ordered } : {}
  return { limit: LIMIT, maxJams, keepFailed, lease, jitter: chance(clock), error, ...strictly, guard }
}
