import type { Counter } from '../figures.js'
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
  readonly owed: Map<string, OwedRun>
  readonly ghosts: Set<string>
  readonly guard: Guard
  alarm: Alarm | null
  /** Of queued, delayed, processing and failed IDs, as is `priority`, where none is 0. */
  readonly payload: Map<string, string>
  readonly priority: Map<string, number>
  /** Waiting IDs with a priority: see `line.ts`. */
  readonly prioritized: Ordered
  /** ID → first publish, ms. */
  readonly since: Map<string, number>
  /** ID → forget at, ms. */
  readonly remembered: Ordered
  /** ID → JSON text, while processing. */
  readonly progress: Map<string, string>
  readonly control: Switches
  rate: Window | null
  /** `r` + ID → result; `l` + ID → lines. */
  readonly results: Map<string, string>
  /** As in `results` → until, ms. */
  readonly kept: Ordered
  readonly schedules: Map<string, Schedule>
  /** The last messages, while a journal is kept. */
  readonly events: Deque<Sent>
  /** Somebody hears what is sent. */
  listening: boolean
  /** What was sent and not heard yet: whoever listens takes it out. */
  readonly outbox: string[]
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

/** One more run that is due, and what it brings. */
export interface OwedRun {
  /** The run that is on was told to end: it does not count. */
  readonly superseded: boolean
  /** ms; null: at once. */
  readonly due: number | null
  readonly priority: number
  readonly payload: string | undefined
}

export interface Switches {
  paused: boolean
  /** The line stands until then, ms; 0: it does not. */
  hold: number
  /** For whom alone, or ''. */
  holder: string
  /** Messages kept. */
  journal: number
}

/** Claims counted from `start` on. */
export interface Window {
  readonly start: number
  readonly count: number
}

export interface Schedule {
  readonly slot: number
  readonly text: string
}

export interface Sent {
  readonly position: number
  readonly text: string
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
      retried: 0,
      taken: 0,
      marked: 0,
      epoch: 0,
      returned: 0,
      sequence: 0,
      position: 0,
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
    owed: new Map(),
    ghosts: new Set(),
    guard: { holder: '', until: 0, at: 0, grace: 0 },
    alarm: null,
    payload: new Map(),
    priority: new Map(),
    prioritized: new Ordered(),
    since: new Map(),
    remembered: new Ordered(),
    progress: new Map(),
    control: { paused: false, hold: 0, holder: '', journal: 0 },
    rate: null,
    results: new Map(),
    kept: new Ordered(),
    schedules: new Map(),
    events: new Deque(),
    listening: false,
    outbox: [],
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
    owed: new Map(state.owed),
    ghosts: new Set(state.ghosts),
    guard: { ...state.guard },
    alarm: state.alarm,
    payload: new Map(state.payload),
    priority: new Map(state.priority),
    prioritized: state.prioritized.clone(),
    since: new Map(state.since),
    remembered: state.remembered.clone(),
    progress: new Map(state.progress),
    control: { ...state.control },
    rate: state.rate,
    results: new Map(state.results),
    kept: state.kept.clone(),
    schedules: new Map(state.schedules),
    events: state.events.clone(),
    listening: state.listening,
    outbox: state.outbox.slice(),
  }
}
