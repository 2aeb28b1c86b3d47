import { ConvoyError, type ErrorCode } from '../errors.js'
import { Untold } from './wire.js'

/**
 * What an error of the server or the socket means for the call that met it:
 * - `load`: the script is not there; nothing ran: load it and call again at once
 * - `more`: it needs keys that were not named, nothing ran: name them all and call again at once
 * - `later`: refused for now, nothing ran: call again after a while
 * - `elsewhere`: refused by a server that takes no writes, nothing ran: the master may be elsewhere now; dial anew
 * - `fatal`: refused for good, or broken off: repeating is of no use, tell the caller
 * - `unknown`: it may have run: repeating is safe, and the only way to know
 */
export interface Trouble {
  readonly kind: 'load' | 'more' | 'later' | 'elsewhere' | 'fatal' | 'unknown'
  readonly error: ConvoyError
}

const ENDLESS = /^(Too many Cluster redirections|Cannot find node)/
/** Of a pool, or taken back by us. */
const NONE_TO_SPARE = /^(nothing was sent: no connection was free|Timeout waiting for a client)/
/** Of a client that its owner gave a bound. */
const FULL = /^The queue is full/

type Row = readonly [pattern: RegExp, kind: Trouble['kind'], code: ErrorCode, hint?: string]

const OLD = ['fatal', 'UNSUPPORTED', 'convoy-queue needs Redis 7.0 or later, or Valkey'] as const

/** Anything not listed is `unknown`, never "failed". A key's name may stand in a text, so codes count at its start only. */
const TABLE: readonly Row[] = [
  // Not there yet, and never what a caller is told: nothing has happened.
  [/^NOSCRIPT/, 'load', 'UNAVAILABLE'],
  [/^MORE keys/, 'more', 'REFUSED'],
  [/^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|NOREPLICAS|MISCONF|OOM)\b/, 'later', 'REFUSED'],
  [/^(READONLY|MASTERDOWN)\b/, 'elsewhere', 'REFUSED'],
  // Only a script that has written nothing can be killed.
  [/^ERR (max number of clients|Script killed by user)/, 'later', 'REFUSED'],
  [FULL, 'later', 'REFUSED'],
  [/^(MOVED|ASK)\b/, 'later', 'REFUSED', 'one of a cluster: give createCluster() of node-redis as `redis`'],
  // What a cluster's client makes of redirections: its nodes disagree for a while who holds the slot, or one to which the
  // first slot moves is not among those it knows.
  [ENDLESS, 'later', 'REFUSED'],
  [NONE_TO_SPARE, 'later', 'UNAVAILABLE'],
  [/^(nothing was sent|The client is (closed|offline)|All the root nodes are unavailable)/, 'later', 'UNAVAILABLE'],
  [/^(NOAUTH|WRONGPASS|NOPERM)\b|without any password configured/, 'fatal', 'AUTH_FAILED'],
  // A right that was taken away once we had looked: a script is told so in words of its own, others since Redis 7.2.
  [/The user executing the script (can't|is lacking)|ACL failure in script/, 'fatal', 'AUTH_FAILED'],
  [/^(WRONGKEY|WRONGTYPE)/, 'fatal', 'WRONG_KEY', 'nothing else may use the keys of a queue'],
  [/^WRONGLAYOUT/, 'fatal', 'WRONG_LAYOUT'],
  [/Error compiling script|unexpected symbol near '#'/, ...OLD],
  // Before Redis 6, and before 7.
  [/unknown command.*(HELLO|EVALSHA_RO)/i, ...OLD],
  [/^(CROSSSLOT|STALE|POLICY)/, 'fatal', 'REFUSED'],
  // It broke down on what it met in the queue's keys, and would again; what it had written by then stays.
  [/\bon @?user_script:\d+/, 'fatal', 'OUTCOME_UNKNOWN', 'a script broke off: audit() tells what is wrong'],
]

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ConvoyError) {
    const kind = error.code === 'UNAVAILABLE' || error.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'fatal'
    return { kind, error }
  }
  if (error instanceof Untold) {
    const { kind, error: why } = troubleOf(error.cause)
    const told = `the server has it, but could not be asked whether it is safe: ${why.message}`
    return {
      kind: kind === 'fatal' ? kind : 'unknown',
      error: new ConvoyError('OUTCOME_UNKNOWN', told, { cause: why.cause }),
    }
  }
  const cause = discreet(error)
  const text = textOf(cause)
  const row = TABLE.find(([pattern]) => pattern.test(text))
  if (!row) return { kind: 'unknown', error: new ConvoyError('OUTCOME_UNKNOWN', text, { cause }) }
  const [, kind, code, hint] = row
  if (code === 'UNSUPPORTED') return { kind, error: new ConvoyError(code, `the server is too old: ${hint}`) }
  return { kind, error: new ConvoyError(code, hint ? `${text} (${hint})` : text, { cause }) }
}

/** Refusals for now which, when they last, may be those of a server that our name for it leads to no more. */
export function mayBeElsewhere({ kind, error }: Trouble): boolean {
  return kind === 'later' && /^(LOADING|CLUSTERDOWN|NOREPLICAS)\b/.test(error.message)
}

/** The server itself said so: it lives. Its errors begin with a word in capitals, those of sockets and clients do not. */
export function answered(error: unknown): boolean {
  const text = textOf(error)
  return /^[A-Z]{2,} /.test(text) || ENDLESS.test(text)
}

/** No connection was free for it, or had room: that says nothing against those there are. */
export function noneToSpare(error: unknown): boolean {
  return NONE_TO_SPARE.test(textOf(error)) || isFull(error)
}

export function isFull(error: unknown): boolean {
  return FULL.test(textOf(error))
}

/**
 * The same error, without what must not be shown: an unknown command is answered with its arguments, and a server too
 * old for HELLO has the password among them; node-redis's own `Invalid URL` holds the URL.
 */
export function discreet(error: unknown): unknown {
  const text = textOf(error)
  const cut = text.search(/,? *with args beginning with/)
  const tells = cut !== -1 || (error instanceof Error && 'input' in error)
  return tells ? new Error(cut === -1 ? text : text.slice(0, cut)) : error
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // node-redis wraps what happened at connecting, and leaves some texts empty.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error
  return inner.message || inner.name
}
