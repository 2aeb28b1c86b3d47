import type { ConvoyError } from './errors.js'
import type { Background } from './life.js'
import type { SharedOptions } from './opening.js'
import type { Serializer } from './payload.js'
import type { PublishTerms } from './publish-options.js'
import type { RunSettings } from './run-options.js'
import type { DurabilityNeed, OpenStore, Patience, Role, Store } from './store.js'
import type { Clock } from './time.js'

/** A queue's options once checked: shared by all it starts. */
export interface QueueSettings extends RunSettings, SharedOptions {
  readonly name: string
  readonly prefix: string
  readonly openStore: OpenStore
  readonly clock: Clock
  readonly publishTimeout: number
  readonly durability: DurabilityNeed
  /** How publishes are read: their dedupe policy, their payloads. */
  readonly terms: PublishTerms
  readonly serializer: Serializer<unknown>
  readonly resultSerializer: Serializer<unknown>
}

/** What an optional entry (`convoy-queue/…`) works with. */
export interface Inside {
  readonly settings: QueueSettings
  readonly store: Store
  /** A verb of it, once the server has been checked, with the patience of a publish. */
  readonly call: <T>(role: Role, verb: (store: Store, patience: Patience) => Promise<T>) => Promise<T>
  /** Something that runs until it is closed, or the queue is. Throws CLOSED. */
  readonly run: (loop: (signal: AbortSignal) => Promise<void>) => Background
  /** Tells the listeners of `error`. */
  readonly wrong: (error: ConvoyError) => void
}
