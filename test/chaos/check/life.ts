import type { Told } from '../history.js'

/** One publish of one ID, as its caller saw it. */
export interface Publish {
  readonly at: number
  /** When it was answered; never, when its process died first. */
  until: number
  told: Told | 'unknown' | 'refused'
  readonly version: string
  /** ms */
  readonly delay: number
}

/** One run of a handler. */
export interface Run {
  readonly proc: string
  readonly token: string
  readonly epoch: number
  readonly at: number
  /** When the handler returned; infinite when it never did. */
  until: number
  /** It threw. */
  failed: boolean
  /** … when its lease had lapsed by the clock of its worker: then it has not failed, and is released. */
  released: boolean
  readonly attempt: number
  readonly version: string
  /** The worker was told that its claim was not its own any more. */
  lost: boolean
  /** A sweep took the claim, so says a guard. */
  jammed: boolean
}

/** All that happened to one ID. */
export interface Life {
  readonly publishes: Publish[]
  readonly runs: Run[]
  /** When guards recovered it. */
  readonly jams: { readonly at: number; readonly token: string; readonly jams: number }[]
}

export interface Fault {
  readonly name: string
  readonly at: number
  until: number
  /** ms before its beginning that the server may forget. */
  readonly window: number
}

export interface Proc {
  readonly name: string
  readonly role: string
  /** When the harness killed it; infinite when it did not. */
  killed: number
  closed: boolean
  pending: number
  readonly uncaught: string[]
  /** What it did after it was closed. */
  readonly late: string[]
}

/** Its name in tokens. */
export const workerOf = (token: string): string => token.slice(token.indexOf(':') + 1)

/** Epochs rise from claim to claim, whoever notes what first. */
export const epochOf = (token: string): number => Number(token.slice(0, token.indexOf(':')))
