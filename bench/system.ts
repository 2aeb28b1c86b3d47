import type { Address } from './server.js'

/** Something that can be measured: one adapter in `systems/`, about 50 lines. */
export interface System {
  readonly name: string
  /** What is used of it, and how: printed with every result, since the settings are half of any figure. */
  readonly settings: string
  /** Its version, or an error that says why it cannot run here; it is then left out, aloud. */
  version(): string
  /** Share of the usual number of jobs, for a peer so slow that a run would take minutes. Rates stay comparable. */
  readonly share?: number
  /** What it can do that hardly anybody can; works that need it show only such systems. */
  readonly can?: readonly Ability[]
  /** Works it cannot do at all, each with the reason that is printed in the place of a figure. */
  readonly lacks?: Readonly<Record<string, string>>
  open(address: Address, shape: Shape): Promise<Session>
}

/** `ahead`: claim more than the free slots; `batches`: its steps can be called one by one, without a handler. */
export type Ability = 'ahead' | 'batches'

/** What is about to be measured, for systems whose best settings depend on it. */
export interface Shape {
  /** Concurrency of the worker that is to come. */
  readonly slots: number
  /** Publishes come one at a time, and each waits for its job: nothing to batch. */
  readonly lone: boolean
}

/** One queue, opened. Every measured run gets a fresh one on a flushed server. */
export interface Session {
  publish(id: string): Promise<unknown>
  publishMany(ids: readonly string[]): Promise<unknown>
  /** Prepares a worker, connections included, so that the clock does not count them. */
  worker(handle: (id: string) => Promise<void>, how: { concurrency: number; prefetch: number }): Promise<BenchWorker>
  /** Claim and settle everything in such batches, with no handler in between. For those that can `batches`. */
  settleAll?(batch: number): Promise<unknown>
  close(): Promise<unknown>
}

export interface BenchWorker {
  start(): void
  stop(): Promise<unknown>
}

/** The IDs of the bench: 12 characters, as in the memory figure. */
export const idOf = (number: number): string => `job-${String(number).padStart(8, '0')}`

export const idsOf = (count: number, from = 0): string[] => Array.from({ length: count }, (_, at) => idOf(from + at))

/** Stands where a system has no such verb; `lacks` keeps it from being called. */
export const absent = (): never => {
  throw new Error('this system has no such verb')
}
