import { ConvoyError } from './errors.js'

/** What went wrong with one script of a call that is many. */
export interface Trouble {
  readonly error: unknown
}

/** The one to tell: the first, but that an unknown outcome says more than one that says that nothing has happened. */
export function gravest(troubles: readonly Trouble[]): Trouble | undefined {
  return troubles.find(({ error }) => error instanceof ConvoyError && error.code === 'OUTCOME_UNKNOWN') ?? troubles[0]
}

/** What the caller is told of it: once some were answered, never that nothing has happened. `what` follows their number. */
export function afterSome({ error: cause }: Trouble, answered: number, what: string): unknown {
  if (answered === 0) return cause
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new ConvoyError('OUTCOME_UNKNOWN', `${answered} ${what} before this went wrong${why}`, { cause })
}
