import type { AuditReply, AuditRequest, MendReply, MendRequest } from './audit-verbs.js'
import type { ConvoyError } from './errors.js'
import type { Counts } from './figures.js'
import type { DedupePolicy, Traits } from './policy.js'
import type { StepReply, StepRequest, SweepReply, SweepRequest } from './step.js'

/**
 * The contract between a queue and whatever holds its truth. Sixteen verbs, each atomic per call, none optional, no
 * setters; fourteen are the queue's, `audit` and `mend` are for `convoy-queue/audit`.
 * Whatever a store can do is in `test/law.ts` (one suite, every store) and in the random model test.
 *
 * A verb that was repeated because its answer was lost must do no harm: `publish` finds its own IDs again, `step` knows
 * its number, all others are idempotent.
 */
export interface Store {
  /** Put IDs in; one verdict letter each. A batch is at most 1,000 IDs or 1 MiB; the queue cuts it. */
  publish(request: PublishRequest, patience: Patience): Promise<PublishReply>
  /** One call of a worker: settle these, renew those, claim n more. Safe to repeat with the same number. */
  step(request: StepRequest, patience: Patience): Promise<StepReply>
  /** Recover what jammed, move what is due, re-arm the wake token, drop the records of dead workers. */
  sweep(request: SweepRequest, patience: Patience): Promise<SweepReply>
  /** Take IDs out by hand. */
  withdraw(request: WithdrawRequest, patience: Patience): Promise<Encounter>
  /** Put failed or delayed IDs in line by hand. */
  move(request: MoveRequest, patience: Patience): Promise<Encounter>
  /** What a running job tells of itself; false when the claim is not its own any more: then nothing is kept. */
  report(request: Report, patience: Patience): Promise<boolean>
  /** What is kept of each ID's last run: its result, and what it logged. */
  recall(ids: readonly string[], patience: Patience): Promise<readonly Recollection[]>
  /** Everything known of each ID, in the order asked. */
  inspect(ids: readonly string[], patience: Patience): Promise<readonly Inspection[]>
  /** A page of the IDs in one state. */
  list(request: ListRequest, patience: Patience): Promise<Page>
  /** The numbers of the queue, in constant time. */
  counts(patience: Patience): Promise<Counts>
  /**
   * Resolves when there may be work, or after `timeout` ms, or once `signal` is aborted. A hint, never the truth.
   * A store that can takes `next`, the step with which the waiter will go on, along with the wait, which saves a round
   * trip, and gives its answer; without one it has not run. Rejects with OUTCOME_UNKNOWN when it may have: then it is to
   * be sent again, under its number.
   */
  awaitWork(timeout: number, signal: AbortSignal, next?: StepRequest): Promise<StepReply | undefined>
  /**
   * Hear the queue's messages (`messages.ts`) as they are sent, until `signal` is aborted. Resolves once they are heard:
   * what is sent later is not missed, but for gaps, and after each `hear(null)` is called: read the truth. Price: while
   * anybody listens, each script that changes something sends one message.
   */
  listen(hear: (message: string | null) => void, signal: AbortSignal, patience: Patience): Promise<void>
  /** What concerns the queue as a whole. */
  control(order: Control, patience: Patience): Promise<ControlReply>
  /** A bounded look at the truth behind the verbs: a window of the line and a page of one part, all at one moment. */
  audit(request: AuditRequest, patience: Patience): Promise<AuditReply>
  /** Bring IDs into exactly one state again. Takes nothing away from a claim, and changes nothing that is in order. */
  mend(request: MendRequest, patience: Patience): Promise<MendReply>
  /** Let go of every connection and timer. Calls after it reject with CLOSED. */
  close(): Promise<void>
}

/** How a queue gets its store: `memoryStore()` and `redisStore()` return one of these. Opening does no I/O. */
export type OpenStore = (place: Place) => Store

/** Which queue, and whom to tell. */
export interface Place {
  readonly name: string
  readonly prefix: string
  /** Told when the server is out of reach, and when it is back. Must not throw. */
  readonly tell: (news: StoreNews) => void
  /** What an answer must be worth; a store that cannot give it refuses with NOT_DURABLE. Default `memory`. */
  readonly durability?: DurabilityNeed
}

/** As the server is; on its disk; or in the memory of so many replicas, waited for `timeout` ms. */
export type DurabilityNeed = 'memory' | 'disk' | { readonly replicas: number; readonly timeout: number }

export type StoreNews = { readonly kind: 'suspended'; readonly cause: ConvoyError } | { readonly kind: 'resumed' }

/** How long a call may wait for a server that is away, in ms, and what ends the wait sooner. */
export interface Patience {
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** Where an ID can be. It is in exactly one of these (law L1). */
export type State = 'absent' | 'queued' | 'delayed' | 'processing' | 'failed' | 'remembered'

export interface PublishRequest {
  readonly ids: readonly string[]
  readonly policy: DedupePolicy
  /** What each ID brings, in order; absent when none brings anything. */
  readonly traits?: readonly Traits[]
}

export interface PublishReply {
  /** One letter of `VERDICTS` (verdict.ts) per ID, in order. */
  readonly verdicts: string
  /** When each delayed ID is due, ms since 1970, and 0 for the others; absent when none is delayed. */
  readonly dueAt?: readonly number[]
  /** The kept results of those met remembered; absent when there is none. */
  readonly results?: readonly (string | null)[]
  /**
   * With `bind`: met processing, the epoch of that run; else the last epoch given to any claim. A run of the ID with a
   * greater one starts after this publish.
   */
  readonly epochs?: readonly number[]
  /** The first sending's answer was lost: this is the second's. */
  readonly repeated: boolean
}

/** What `inspect` knows of an ID. Times are the server's, ms since 1970. */
export interface Inspection {
  readonly id: string
  readonly state: State
  /** delayed: when it is due. */
  readonly dueAt?: number
  /** processing: the lease end, and the token as claimed. */
  readonly leaseEnd?: number
  readonly token?: string
  /** processing: claimed ahead and not started. */
  readonly ahead?: true
  /** processing: withdrawn by hand; it ends at its next settle or sweep, whatever the handler says. */
  readonly withdrawn?: true
  /** processing: published again; one more run is due. */
  readonly owed?: true
  /** Ended attempts and jams of this incarnation. */
  readonly attempts: number
  readonly jams: number
  /** How often it failed since it last succeeded. */
  readonly failures: number
  /** The last failure: JSON text, and when. */
  readonly error?: string
  readonly failedAt?: number
  /** -1,000 to 1,000; absent for 0. */
  readonly priority?: number
  readonly payload?: string
  /** processing: the JSON text last reported. */
  readonly progress?: string
  /** remembered: until when. */
  readonly forgetAt?: number
}

/** What a verb met that is told IDs. */
export interface Encounter {
  /** The state of each. */
  readonly states: readonly State[]
  /** An earlier sending's answer was lost: these may be what it has made of them. */
  readonly repeated: boolean
}

export interface WithdrawRequest {
  readonly ids: readonly string[]
  /** One that is in another state is left there; without it, each is taken wherever it is. */
  readonly from?: ListedState | undefined
}

export interface MoveRequest {
  readonly ids: readonly string[]
  /** `failed`: attempts from zero. `delayed`: now, whatever it waited for. One that is in another state is left there. */
  readonly from: 'failed' | 'delayed'
}

export interface Report {
  readonly id: string
  readonly token: string
  /** JSON text; absent: as it was. */
  readonly progress?: string
  /** Put behind what was logged; of more than `most` bytes the oldest lines go. Kept `ttl` ms after the last one. */
  readonly log?: { readonly lines: readonly string[]; readonly most: number; readonly ttl: number }
}

export interface Recollection {
  readonly result: string | null
  /** Of the run whose result it is; 0 when there is none. */
  readonly epoch: number
  /** Lines, the oldest first. */
  readonly log: readonly string[]
}

/** The states whose IDs can be listed. */
export type ListedState = Exclude<State, 'absent' | 'remembered'>
export const LISTED: readonly ListedState[] = ['queued', 'delayed', 'processing', 'failed']

export interface ListRequest {
  readonly state: ListedState
  /** 0 for the first page; else what the last page gave. */
  readonly cursor: number
  readonly limit: number
}

export interface Page {
  readonly ids: readonly string[]
  /** Where the next page begins, or null when this was the last. Pages of a queue at work may shift by what moved between them. */
  readonly cursor: number | null
}

/**
 * What a caller is about to do, by the verb it called: each role needs rights of its own on a server with access rules.
 * A dashboard only looks, a listener hears as well; without a role, nothing has been asked for yet.
 */
export type Role = 'publisher' | 'worker' | 'guard' | 'operator' | 'dashboard' | 'listener'

/** Whether to open is to write: a digest is left by those alone whose calls write, too. */
export const leavesDigest = (role: Role | undefined): boolean =>
  role !== undefined && role !== 'dashboard' && role !== 'listener'

export type Control =
  /** Check the server, every key's type, the layout and the rights of a role; who will write leaves the digest of the options. */
  | { readonly order: 'open'; readonly digest: string; readonly role?: Role }
  /** Withdraw everything that waits and forget every failure; what is processing goes on. */
  | { readonly order: 'clear' }
  /** Put the wake token back if something is claimable: whoever took it does not need it. */
  | { readonly order: 'wake' }
  /** Nothing is claimed, by no worker, until `resume`; what runs goes on. */
  | { readonly order: 'pause' }
  | { readonly order: 'resume' }
  /** Keep the last `keep` messages; 0 keeps none any more. */
  | { readonly order: 'journal'; readonly keep: number }
  /** Up to `limit` kept messages from position `from` on. */
  | { readonly order: 'messages'; readonly from: number; readonly limit: number }
  /** Write a schedule down, or take it out (`text` null). A text that stands already keeps its slot; another begins at `slot`. */
  | { readonly order: 'schedule'; readonly id: string; readonly text: string | null; readonly slot: number }
  | { readonly order: 'schedules' }

export interface ControlReply {
  /** clear: how many IDs were taken out. schedule: 1 when something changed. */
  readonly count: number
  /** open: the digest that was there before, when it is another one. */
  readonly digest: string
  readonly messages?: Messages
  readonly schedules?: readonly Scheduled[]
}

export interface Messages {
  /** Positions of the first message kept and of the last ever sent; 0 where there is none. */
  readonly first: number
  readonly last: number
  /** Those asked for, in order: see `messages.ts`. */
  readonly texts: readonly string[]
}

/** A schedule as it is written down. */
export interface Scheduled {
  readonly id: string
  readonly text: string
  /** The last slot that was published, ms since 1970. */
  readonly slot: number
}

/** The version of the layout in `redis/keys.ts` and of what the verbs mean by it. */
export const LAYOUT = 1
