import { ConvoyError } from './errors.js'
import type { DurabilityNeed } from './store.js'
import { suggestion } from './suggestion.js'
import { type Duration, milliseconds, show } from './time.js'

/**
 * What the answer to a publish is worth, beyond that the server has it:
 * - `'memory'` (the default): as much as the server's own settings make of it; nothing is asked and nothing costs
 * - `'disk'`: it is on the server's disk. The server must run with `appendonly yes`, and `appendfsync always`. Redis 7.2 and
 *   8 may run with `everysec`: they tell when they have synced (WAITAOF), so an answer takes up to a second, and is
 *   OUTCOME_UNKNOWN when that takes longer than 5 s. All others are refused with NOT_DURABLE, at the start and after each
 *   reconnection
 * - `{ replicas, timeout }`: so many replicas have it. Fewer within `timeout` (default 1 s, least 1 ms) is
 *   OUTCOME_UNKNOWN: the master has it, and a failover may lose it
 *
 * What is waited for is waited for by `publish`, `withdraw`, `clear` and the like. A worker's steps do not wait: a failover
 * or a power cut that takes one back makes an ID run again, and loses none.
 */
export type Durability = 'memory' | 'disk' | { readonly replicas: number; readonly timeout?: Duration }

const WHERE = 'createQueue: durability'
const NAMES = ['memory', 'disk', '{ replicas, timeout }']
const TIMEOUT = 1_000
/** More than any master has. */
const MOST_REPLICAS = 100

/** Throws BAD_OPTION. */
export function checkDurability(given: unknown): DurabilityNeed {
  if (given === 'memory' || given === 'disk') return given
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const hint = typeof given === 'string' ? suggestion(given, NAMES) : ''
    throw new ConvoyError('BAD_OPTION', `${WHERE}: expected one of ${NAMES.join(', ')}, not ${show(given)}.${hint}`)
  }
  const { replicas, timeout: patience, ...others } = given as Record<string, unknown>
  for (const name of Object.keys(others)) {
    throw new ConvoyError(
      'BAD_OPTION',
      `${WHERE}: there is no option ${show(name)}.${suggestion(name, ['replicas', 'timeout'])}`,
    )
  }
  if (typeof replicas !== 'number' || !Number.isSafeInteger(replicas) || replicas < 1 || replicas > MOST_REPLICAS) {
    const range = `an integer from 1 to ${MOST_REPLICAS}`
    throw new ConvoyError('BAD_OPTION', `${WHERE}: replicas: expected ${range}, not ${show(replicas)}`)
  }
  const timeout = patience === undefined ? TIMEOUT : milliseconds(patience, `${WHERE}: timeout`)
  // 0 would be "for ever" to the server.
  if (timeout < 1) {
    throw new ConvoyError(
      'BAD_OPTION',
      `${WHERE}: timeout: expected a duration of at least 1 ms, not ${show(patience)}`,
    )
  }
  return { replicas, timeout }
}
