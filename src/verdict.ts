import type { PublishReply, State } from './store.js'

/** What became of a publish. */
export type Outcome = 'queued' | 'delayed' | 'updated' | 'rerun' | 'duplicate' | 'full'

/** What a publisher is told of one ID. */
export interface Verdict<Result = unknown> {
  readonly id: string
  readonly outcome: Outcome
  /** The state the publish met. */
  readonly was: State
  /** A run starts after this publish, or the ID's withdrawal or final failure is recorded (law L3). */
  readonly guaranteed: boolean
  /** When it is due, by the server's clock: of one that is delayed, or whose owed run will be. */
  readonly dueAt?: Date
  /** Of one that is remembered: its kept result. */
  readonly result?: Result
  /** The first sending's answer was lost; this is the second's, so `duplicate` may be our own `queued`. */
  readonly repeated?: true
}

/** How many of each outcome. */
export type VerdictCounts = { readonly [O in Outcome]: number }

/** The letters a store answers a publish with. */
export const VERDICTS: Readonly<Record<string, Pick<Verdict, 'outcome' | 'was' | 'guaranteed'>>> = {
  q: { outcome: 'queued', was: 'absent', guaranteed: true },
  f: { outcome: 'queued', was: 'failed', guaranteed: true },
  w: { outcome: 'delayed', was: 'absent', guaranteed: true },
  g: { outcome: 'delayed', was: 'failed', guaranteed: true },
  d: { outcome: 'duplicate', was: 'queued', guaranteed: true },
  // Its payload is the newest now, or its priority higher …
  u: { outcome: 'updated', was: 'queued', guaranteed: true },
  y: { outcome: 'duplicate', was: 'delayed', guaranteed: true },
  // … or its time another.
  v: { outcome: 'updated', was: 'delayed', guaranteed: true },
  p: { outcome: 'duplicate', was: 'processing', guaranteed: false },
  // One more run is owed: by the policy, or because that run was withdrawn, and will not count …
  r: { outcome: 'rerun', was: 'processing', guaranteed: true },
  // … and is owed already …
  o: { outcome: 'duplicate', was: 'processing', guaranteed: true },
  // … with the newest payload now, or a higher priority.
  s: { outcome: 'updated', was: 'processing', guaranteed: true },
  m: { outcome: 'duplicate', was: 'remembered', guaranteed: false },
  h: { outcome: 'duplicate', was: 'failed', guaranteed: false },
  x: { outcome: 'full', was: 'absent', guaranteed: false },
  z: { outcome: 'full', was: 'failed', guaranteed: false },
  // Of a schedule alone, no publish meets it: this slot was published before, or the schedule is gone. Nothing was done.
  n: { outcome: 'duplicate', was: 'absent', guaranteed: false },
}

/** The verdict on the i-th ID of a batch; `read` decodes a kept result. */
export function verdictOn(id: string, reply: PublishReply, i: number, read: (result: string) => unknown): Verdict {
  const { verdicts, dueAt, results, repeated } = reply
  const { outcome, was, guaranteed } = VERDICTS[verdicts[i] as string] as (typeof VERDICTS)[string]
  // The plain lane: nothing else is known of it.
  if (!repeated && dueAt === undefined && results === undefined) return { id, outcome, was, guaranteed }
  const due = dueAt?.[i] ?? 0
  const result = results?.[i] ?? null
  return {
    ...{ id, outcome, was, guaranteed },
    ...(due > 0 ? { dueAt: new Date(due) } : {}),
    ...(result === null ? {} : decoded(read, result)),
    ...(repeated ? { repeated } : {}),
  }
}

/** A verdict is told whatever its result has become: one that cannot be read is left out of it. */
function decoded(read: (result: string) => unknown, text: string): { result: unknown } | undefined {
  try {
    return { result: read(text) }
  } catch {
    return undefined
  }
}
