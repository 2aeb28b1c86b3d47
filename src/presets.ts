import { ConvoyError } from './errors.js'
import { show } from './time.js'

/** An option that leaves others one value only. */
export interface Preset {
  /** As it was given: `ordered: true`. */
  readonly name: string
  /** Option → the value that it leaves; what is not given is that. */
  readonly fixes: Readonly<Record<string, number>>
}

const ORDERED: Preset = { name: 'ordered: true', fixes: { prefetch: 0, 'limit.active': 1 } }
const AT_MOST_ONCE: Preset = {
  name: "delivery: 'at-most-once'",
  fixes: { attempts: 1, maxJams: 0, prefetch: 0 },
}
/** What is claimed ahead would count as running, or as claimed in its window, and stand still. */
const LIMITED: Preset = { name: 'limit', fixes: { prefetch: 0 } }

/** Those that a queue's options ask for. */
export function presetsOf(options: {
  readonly ordered: boolean
  readonly delivery: Delivery
  readonly limited: boolean
}): Preset[] {
  const { ordered, delivery, limited } = options
  return [
    ...(ordered ? [ORDERED] : []),
    ...(delivery === 'at-most-once' ? [AT_MOST_ONCE] : []),
    ...(limited ? [LIMITED] : []),
  ]
}

/**
 * - `'at-least-once'` (the default): whatever a crash leaves open runs again
 * - `'at-most-once'`: a run that began is not begun again. What was thrown, a lapse and a handler that was still at work
 *   when its worker closed are the ID's final failure: one attempt, no jam forgiven, nothing claimed ahead
 */
export type Delivery = 'at-least-once' | 'at-most-once'

/** Refuses what contradicts a preset, and names both. Throws BAD_OPTION. */
export function checkPresets(call: string, given: object, presets: readonly Preset[]): void {
  for (const { name, fixes } of presets) {
    for (const [option, only] of Object.entries(fixes)) {
      const value = (given as Record<string, unknown>)[option]
      if (value === undefined || value === only) continue
      throw new ConvoyError('BAD_OPTION', `${call}: ${option}: expected ${only} with ${name}, not ${show(value)}`)
    }
  }
}
