import { checkBy, type Rules } from './check.js'
import { ConvoyError } from './errors.js'
import type { StepPolicy } from './policy.js'
import type { Duration } from './time.js'

/** What all workers of a queue may do together. */
export interface Limit {
  /** IDs that run at once, over all processes. Default: any number. */
  readonly active?: number
  /** At most `max` claims in a window of `per` that begins with the first of them, over all processes. Default: any number. */
  readonly rate?: { readonly max: number; readonly per: Duration }
}

const WHERE = 'createQueue: limit'
const LIMIT: Rules = {
  active: { kind: 'integer', fallback: undefined, least: 1, most: 1_000_000, about: '' },
  rate: { kind: 'other', fallback: undefined, about: '' },
}
const RATE: Rules = {
  max: { kind: 'integer', fallback: undefined, least: 1, most: 1_000_000, about: '' },
  per: { kind: 'duration', fallback: undefined, least: 1, about: '' },
}

/** As a step says it. Throws BAD_OPTION. */
export function checkLimit(given: Limit | undefined): Pick<StepPolicy, 'active' | 'rate'> {
  const { active, rate } = checkBy<Limit>(LIMIT, WHERE, given)
  return {
    ...(active === undefined ? {} : { active }),
    ...(rate === undefined ? {} : { rate: checkRate(rate) }),
  }
}

function checkRate(given: object): NonNullable<StepPolicy['rate']> {
  const rate = checkBy<NonNullable<StepPolicy['rate']>>(RATE, `${WHERE}: rate`, given)
  if (rate.max !== undefined && rate.per !== undefined) return rate
  throw new ConvoyError('BAD_OPTION', `${WHERE}: rate: expected { max, per }, and one of them is not there`)
}
