import { ConvoyError } from '../errors.js'
import type { Wish } from '../publish-options.js'
import type { Inside } from '../queue-settings.js'
import type { Scheduled } from '../store.js'
import { pause, show } from '../time.js'
import { type Rule, readRule } from './rule.js'

/** ms until it is tried again: when the server is away or the queue is full, and when something else is wrong. */
const SOON = 1_000
const LATER = 30_000
/** ms. The clock of a process measures waiting, and not for long at a time. */
const LONGEST = 3_600_000

interface Ticking {
  readonly inside: Inside
  readonly id: string
  readonly rule: Rule
  /** What each publish brings. */
  readonly wish: Wish
  readonly signal: AbortSignal
}

/**
 * Publishes an ID whenever its schedule, as it is written down, is due by the server's clock, until it is told to stop or the
 * schedule is gone. Any number of processes may: the store publishes a slot once.
 */
export async function tick({ inside, id, rule, wish, signal }: Ticking): Promise<void> {
  let current: Rule | undefined = rule
  while (!signal.aborted) {
    let wait: number | null
    try {
      wait = await turn()
    } catch (error) {
      if (signal.aborted) return
      wait = mayPass(error) ? SOON : LATER
      if (wait === LATER) inside.wrong(error as ConvoyError)
    }
    if (wait === null) return
    await pause(inside.settings.clock, Math.min(wait, LONGEST), signal)
  }

  /** ms until there is something to do; null when there never will be. */
  async function turn(): Promise<number | null> {
    const { schedules, now } = await lookUp(inside)
    const written = schedules.find((one) => one.id === id)
    if (!written) return null
    if (written.text !== current?.text) current = await readRule(written.text)
    if (!current) {
      const why = `a schedule of another version: ${show(written.text)}`
      throw new ConvoyError('BAD_OPTION', `every: ${show(id)}: ${why}`)
    }
    const slot = current.due(written.slot, now)
    if (slot !== null && (await publish(slot)) === 'full') return SOON
    const next = current.next(written.slot, now)
    return next === null ? null : next - now
  }

  async function publish(slot: number): Promise<'full' | 'over'> {
    const { policy, traits } = wish
    const request = { ids: [id], policy, traits: [{ ...traits, slot }] }
    const { verdicts } = await inside.call('publisher', (store, patience) => store.publish(request, patience))
    // Then the slot is not taken either.
    return verdicts === 'x' || verdicts === 'z' ? 'full' : 'over'
  }
}

/** What is written down, and the server's clock, which is read after it. */
export async function lookUp({
  call,
}: Inside): Promise<{ readonly schedules: readonly Scheduled[]; readonly now: number }> {
  const order = { order: 'schedules' } as const
  const { schedules = [] } = await call('dashboard', (store, patience) => store.control(order, patience))
  const { now } = await call('dashboard', (store, patience) => store.counts(patience))
  return { schedules, now }
}

const mayPass = (error: unknown): boolean =>
  error instanceof ConvoyError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED'].includes(error.code)
