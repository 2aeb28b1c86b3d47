import { clone, emptyState, type Op, type QueueState } from '../../src/memory/model.js'
import type { StepPolicy } from '../../src/policy.js'
import type { StepReply, StepRequest } from '../../src/step.js'
import type { PublishRequest } from '../../src/store.js'
import type { Kind } from './kinds.js'

/** How often each thing may happen that a quiet day does not bring. What is not named may not happen. */
export interface Budget {
  readonly publishes: number
  /** Handlers that fail; handlers that are stopped, and released. */
  readonly fails: number
  /** Handlers that fail, and are tried again after `BACKOFF`. */
  readonly retries: number
  readonly releases: number
  readonly renews: number
  /** By hand. */
  readonly withdraws: number
  readonly clears: number
  /** Somebody takes the wake token and does nothing. */
  readonly takes: number
  readonly crashes: number
  /** An answer is lost: its client asks again. */
  readonly losses: number
  /** A command comes twice: a copy lags behind, for as long as it likes. */
  readonly copies: number
  /** A lease ends under a living worker. */
  readonly lapses: number
  /** A worker takes its leave, and another comes. */
  readonly leaves: number
  /** The server goes back to an earlier state. */
  readonly rollbacks: number
}

/** A small world that can be walked to its ends. */
export interface Scope {
  readonly name: string
  /** It has: a walk that finds a tenth fewer has lost its way. */
  readonly states: number
  readonly ids: readonly string[]
  readonly workers: number
  readonly prefetch: number
  readonly maxJams: number
  readonly keepFailed: number
  /** 0: sweeps by hand; else guards that contend for the seat. */
  readonly guards: number
  /** At any time: many more worlds, and what a guard does too early shows. */
  readonly sweeps: 'when due' | 'at any time'
  /** How publishers publish. */
  readonly kinds: readonly Kind[]
  /** What every step goes by. */
  readonly policy?: StepPolicy
  readonly budget: Budget
}

/** What a worker believes to hold. `begun`: it was claimed ahead and runs, and the store has not been told yet. */
export interface Claim {
  readonly token: string
  readonly phase: 'ahead' | 'begun' | 'running'
}

/** A step on its way: `reply` once it ran and the answer is on its way back, `first` since it ran the first time. */
export interface Flight {
  readonly request: StepRequest
  readonly first: StepReply | null
  readonly reply: StepReply | null
}

export interface Worker {
  /** Never used again: a worker that comes back has another. */
  readonly name: string
  readonly number: number
  readonly flights: readonly Flight[]
  readonly held: ReadonlyMap<string, Claim>
}

/** A command nobody waits for: left behind by the dead, or a copy of one that ran, with what that one was answered. */
export interface Stray {
  readonly op: Op<'publish' | 'step' | 'withdraw'>
  readonly first: StepReply | null
}

/**
 * A publisher was told that a run starts after its publish, and none has yet (L3). It is kept when the handler of a claim
 * made after it starts, not when the claim is made.
 */
export interface Promised {
  /** The token of the claim that serves it, or ''. */
  readonly serving: string
  /** That run sees this version, or a newer one; 0 for any. */
  readonly version: number
}

export type Promises = ReadonlyMap<string, Promised>

/** Where the server may go back to. */
export interface Past {
  readonly server: QueueState
  readonly now: number
  readonly promises: Promises
}

/** All there is, at one instant. Never changed: a move makes another. */
export interface World {
  readonly server: QueueState
  /** The server's clock, µs. */
  readonly now: number
  readonly workers: readonly Worker[]
  /** Workers so far, dead ones too. */
  readonly born: number
  /** What a publisher has sent and knows nothing of yet: it will send it again. */
  readonly unsure: PublishRequest | null
  readonly strays: readonly Stray[]
  readonly promises: Promises
  readonly left: Budget
  readonly past: Past | null
  /** A lease ended under a living worker, or the server went back: from now on two handlers may overlap. */
  readonly upset: boolean
}

export const LEASE = 1_000
export const BACKOFF = 300

export function firstWorld(scope: Scope): World {
  const workers = Array.from({ length: scope.workers }, (_, place) => newWorker(place + 1))
  return {
    server: clone(emptyState()),
    now: 1_700_000_000_000_000,
    workers,
    born: workers.length,
    unsure: null,
    strays: [],
    promises: new Map(),
    left: scope.budget,
    past: null,
    upset: false,
  }
}

export function newWorker(nth: number): Worker {
  return { name: `w${nth}`, number: 0, flights: [], held: new Map() }
}

export function spend(left: Budget, what: keyof Budget): Budget {
  return { ...left, [what]: left[what] - 1 }
}

/** The token, whether claimed ahead under it or started. */
export function bare(held: string | undefined): string | undefined {
  return held?.startsWith('~') ? held.slice(1) : held
}
