import type { StepPolicy } from './policy.js'

/** A group of IDs held under one token. */
export interface Held {
  readonly token: string
  readonly ids: readonly string[]
}

export type Settlement =
  /** `results[i]` is kept for `ids[i]`, for so many ms; absent where nothing is kept. */
  | (Held & { readonly end: 'done'; readonly results?: readonly Kept[] })
  /** Back to the head of the line, nothing counted. */
  | (Held & { readonly end: 'release' })
  /** Final failure; `errors[i]` is the JSON text kept for `ids[i]`. */
  | (Held & { readonly end: 'fail'; readonly errors: readonly string[] })
  /** A failed attempt: `ids[i]` comes back after `delays[i]` ms. */
  | (Held & { readonly end: 'retry'; readonly errors: readonly string[]; readonly delays: readonly number[] })

export interface Kept {
  readonly text: string
  /** ms */
  readonly ttl: number
}

export interface StepRequest {
  /** 1 to 32 of A-Z a-z 0-9; random, new for every worker: with the number it makes each token unique for ever. */
  readonly worker: string
  /** 1, 2, 3 …. The same number again gets the same answer. */
  readonly number: number
  /** The store keeps the last answer of each: in one lane a step goes only once the one before it was answered. */
  readonly lane: 0 | 1 | 2
  /** Lease of what is claimed or renewed, ms. */
  readonly lease: number
  /** Failed IDs kept with their error; the oldest are dropped first. */
  readonly keepFailed: number
  /** No ID twice. */
  readonly settle: readonly Settlement[]
  readonly renew: readonly Held[]
  /** Claimed ahead before, started since: from now on a lapse counts as a jam. */
  readonly started: readonly Held[]
  /** How many IDs are wanted, 0 to 1,000 … */
  readonly claim: number
  /** … and how many of them start at once; the others are claimed ahead. */
  readonly slots: number
  /** What of the queue's options a step goes by; absent when it is the default. */
  readonly policy?: StepPolicy
  /** The worker's last step, which asks for nothing else: refuse all that comes late of the others, wake another for what it leaves. */
  readonly leaving: boolean
}

/**
 * Empty when all were accepted. Else per ID of the request, in order: `1` accepted, `0` lost (another token or none holds it: nothing changed),
 * `w` withdrawn (a settle ended it uncounted; a renewal holds it until its handler has returned), `s` superseded (a failed or
 * released run that was superseded ends uncounted; a renewal holds it), `o` (renewals alone) accepted, and a run is owed.
 */
export type Marks = string

export interface StepReply {
  readonly settled: Marks
  readonly renewed: Marks
  /** The token of everything in `ids`; empty when nothing was claimed. */
  readonly token: string
  /** Those that start at once, then those claimed ahead. A repeated step may order them anew within each. */
  readonly ids: readonly string[]
  /** Per ID `attempts:jams` of this incarnation or '' for 0:0; an empty list when that is all there is. */
  readonly tries: readonly string[]
  /** Per ID its payload, or null; absent when none has one. */
  readonly payloads?: readonly (string | null)[]
  /** There is more to claim. Told apart from `ids`, since a call that met only stale entries gives none. */
  readonly more: boolean
  /** ms until something that waits for its time may be claimed, told to one idle worker only; -1 otherwise. */
  readonly dueIn: number
}

export interface SweepRequest {
  /** Most IDs to recover in this call, 1 to 1,000. */
  readonly limit: number
  readonly maxJams: number
  readonly keepFailed: number
  /** The queue's lease, ms: later jams are delayed by jams x lease, and a late guard waits half of it. */
  readonly lease: number
  /** 0 <= n < 1; later jams are delayed by up to half a lease more. */
  readonly jitter: number
  /** The JSON text kept for IDs that fail by jamming. */
  readonly error: string
  /** Strict order: what jams goes to the head, and holds the line. */
  readonly ordered?: boolean
  /** A guard names itself and its interval in ms, and works only while it holds the queue's guard lease. */
  readonly guard: { readonly id: string; readonly every: number } | null
}

export interface SweepReply {
  /** False when another guard holds the lease: nothing was done. */
  readonly held: boolean
  /** ms until it is worth calling again: when the other guard's seat is free, or to look in during the grace a late guard gives; 0 = no reason to wait. */
  readonly wait: number
  /** The limit was reached, or that of what one call drops of the remembered and kept: call again at once. */
  readonly more: boolean
  readonly jammed: readonly Jammed[]
}

/** One recovered ID. */
export interface Jammed {
  readonly id: string
  /** The lapsed claim's token. */
  readonly token: string
  /** Jams counted for this ID since it entered. */
  readonly jams: number
  /** False when it was claimed ahead and never begun; then no jam was counted. */
  readonly started: boolean
  /** Where it is now; `absent` when it had been withdrawn. */
  readonly now: 'queued' | 'delayed' | 'failed' | 'absent'
}
