import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { PulsePlace } from '../pulse.js'
import type { Held } from '../step.js'

/** What the thread is born with. */
export interface ThreadData extends PulsePlace {
  readonly url: string
  readonly tls?: TlsOptions
  /** Three instants by `process.hrtime.bigint()`, the one clock that all threads share, 0 for never; and a count. */
  readonly shared: BigInt64Array
}

/** In `shared`: when the event loop last turned … */
export const BEAT = 0
/** … when the last renewal was sent that was accepted … */
export const RENEWED = 1
/** … and when a handler was last called. */
export const BEGAN = 2
/** How many claims the worker has ended, told or not. */
export const ENDS = 3

/** An ID and the token it was held under: it may have been claimed anew meanwhile. */
export type Ended = readonly [id: string, token: string]

/** From the worker to the thread. */
export interface Orders {
  readonly held?: Held
  readonly ended: readonly Ended[]
}

/** From the thread to the worker. */
export type Report = { readonly kind: 'lag'; readonly ms: number } | { readonly kind: 'error'; readonly text: string }
