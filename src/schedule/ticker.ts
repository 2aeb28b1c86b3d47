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

/** What is written down, by ID, and the server's clock, which is read after it. */
export interface Look {
  readonly schedules: ReadonlyMap<string, Scheduled>
  readonly now: number
}

interface Ticking {
  readonly inside: Inside
  /** Shared by all that ticks for the queue in this process. */
  readonly look: () => Promise<Look>
  /** It is not written down any more: told once, and not to who was told to stop. */
  readonly gone: () => void
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
export async function tick({ inside, look, gone, id, rule, wish, signal }: Ticking): Promise<void> {
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
    const { schedules, now } = await look()
    if (signal.aborted) return null
    const written = schedules.get(id)
    if (!written) {
      gone()
      return null
    }
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

export async function lookUp(inside: Inside): Promise<Look> {
  const order = { order: 'schedules' } as const
  const { schedules = [] } = await inside.call('dashboard', (store, patience) => store.control(order, patience))
  const now = await serverNow(inside)
  return { schedules: new Map(schedules.map((one) => [one.id, one])), now }
}

export async function serverNow({ call }: Inside): Promise<number> {
  return (await call('dashboard', (store, patience) => store.counts(patience))).now
}

const mayPass = (error: unknown): boolean =>
  error instanceof ConvoyError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED'].includes(error.code)
