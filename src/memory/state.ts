import type { Counter } from '../store.js'
import { Deque } from './deque.js'
import { Ordered } from './ordered.js'

/**
 * One queue's whole state: the key table of `redis/keys.ts`, one structure per key. What that table says of a key holds
 * here; only what Redis keeps as text is kept as what it means.
 */
export interface QueueState {
  readonly committed: Set<string>
  /** Head is next. May hold one stale entry per ID in `ghosts`. */
  readonly queued: Deque<string>
  /** ID → lease end, ms. */
  readonly processing: Ordered
  /** ID → token; `~` before it: claimed ahead, not started. */
  readonly lease: Map<string, string>
  /** Tokens in `wake`: a hint for idle workers. */
  wake: 0 | 1
  readonly totals: Tally
  /** `worker:lane` → its last step there. */
  readonly steps: Map<string, StepRecord>
  readonly marks: Deque<Mark>
  readonly meta: { layout: string; digest: string }
  /** ID → due, ms. */
  readonly delayed: Ordered
  /** ID → times it failed. A sorted set in Redis, but nobody asks for its order. */
  readonly failed: Map<string, number>
  /** ID → when, ms. */
  readonly failedAt: Ordered
  readonly failures: Map<string, number>
  readonly errors: Map<string, Failure>
  /** ID → `attempts:jams`. */
  readonly tries: Map<string, string>
  readonly withdrawn: Set<string>
  readonly owed: Set<string>
  readonly ghosts: Set<string>
  readonly guard: Guard
  alarm: Alarm | null
}

/** The numbers people see, and the protocol's own. */
export type Tally = Record<Counter, number>

export interface StepRecord {
  readonly number: number
  readonly ms: number
  readonly token: string
  /** Of what the step claimed; 0 when it claimed nothing. */
  readonly leaseEnd: number
  /** A mark per ID, in order; empty when all were accepted. */
  readonly settled: string
}

/** The line had reached this place at this time. */
export interface Mark {
  readonly place: number
  readonly ms: number
}

export interface Failure {
  readonly ms: number
  readonly text: string
}

export interface Guard {
  holder: string
  until: number
  /** When a sweep last looked. */
  at: number
  /** Until when the living have time to renew. */
  grace: number
}

export interface Alarm {
  readonly worker: string
  readonly until: number
}

export function emptyState(): QueueState {
  return {
    committed: new Set(),
    queued: new Deque(),
    processing: new Ordered(),
    lease: new Map(),
    wake: 0,
    totals: {
      entered: 0,
      left: 0,
      published: 0,
      duplicates: 0,
      done: 0,
      failed: 0,
      jammed: 0,
      lost: 0,
      withdrawn: 0,
      taken: 0,
      marked: 0,
      epoch: 0,
      returned: 0,
    },
    steps: new Map(),
    marks: new Deque(),
    meta: { layout: '', digest: '' },
    delayed: new Ordered(),
    failed: new Map(),
    failedAt: new Ordered(),
    failures: new Map(),
    errors: new Map(),
    tries: new Map(),
    withdrawn: new Set(),
    owed: new Set(),
    ghosts: new Set(),
    guard: { holder: '', until: 0, at: 0, grace: 0 },
    alarm: null,
  }
}

/** A state of its own that shares nothing that changes: for whoever explores what could happen next. */
export function clone(state: QueueState): QueueState {
  return {
    committed: new Set(state.committed),
    queued: state.queued.clone(),
    processing: state.processing.clone(),
    lease: new Map(state.lease),
    wake: state.wake,
    totals: { ...state.totals },
    steps: new Map(state.steps),
    marks: state.marks.clone(),
    meta: { ...state.meta },
    delayed: state.delayed.clone(),
    failed: new Map(state.failed),
    failedAt: state.failedAt.clone(),
    failures: new Map(state.failures),
    errors: new Map(state.errors),
    tries: new Map(state.tries),
    withdrawn: new Set(state.withdrawn),
    owed: new Set(state.owed),
    ghosts: new Set(state.ghosts),
    guard: { ...state.guard },
    alarm: state.alarm,
  }
}
