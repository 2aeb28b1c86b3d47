import { ConvoyError } from './errors.js'
import { suggestion } from './suggestion.js'
import { show } from './time.js'

/** Kue's five names and its numbers, turned around: here more is sooner. */
export const PRIORITIES = { critical: 15, high: 10, medium: 5, normal: 0, low: -10 } as const

/**
 * A name of `PRIORITIES`, or an integer from -1,000 to 1,000; what has more goes first, and among equals what came
 * first. 0, which is `normal`, is the plain line, and costs nothing.
 */
export type Priority = keyof typeof PRIORITIES | number

const MOST = 1_000

/** Throws BAD_OPTION. */
export function priorityOf(value: unknown, option: string): number {
  if (typeof value === 'string' && Object.hasOwn(PRIORITIES, value)) return PRIORITIES[value as keyof typeof PRIORITIES]
  // -0 would be written as '-0'.
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MOST) return value + 0
  const hint = typeof value === 'string' ? suggestion(value, Object.keys(PRIORITIES)) : ''
  throw new ConvoyError(
    'BAD_OPTION',
    `${option}: expected a name (${Object.keys(PRIORITIES).join(', ')}) or an integer from -${MOST} to ${MOST}, not ${show(value)}.${hint}`,
  )
}
