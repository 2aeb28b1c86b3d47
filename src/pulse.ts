/** Renews a worker's claims from outside its event loop. */
export interface Heartbeat {
  start(place: PulsePlace): Pulse
}

/** Whose claims, and the worker's lease and jobTimeout, ms. */
export interface PulsePlace {
  readonly name: string
  readonly prefix: string
  readonly lease: number
  readonly jobTimeout: number
}

/** A heartbeat at work. */
export interface Pulse {
  /** Claimed; told before their handlers start. */
  held(token: string, ids: readonly string[]): void
  /** The same handler, each call of which is told before it is made. */
  watched<H extends (job: never) => unknown>(handler: H): H
  /** Settled, or not ours any more. */
  ended(id: string, token: string): void
  /** ms since all that was held was last renewed from outside; Infinity for never. */
  sinceRenewal(): number
  stop(): Promise<void>
}
