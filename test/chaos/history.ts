import { createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Outcome } from '../../src/index.js'
import { micros } from './time.js'

/** What a publish was told of one ID. */
export interface Told {
  readonly outcome: Outcome
  readonly guaranteed: boolean
  readonly repeated: boolean
}

/** What a publish brings of one ID. */
export interface Brought {
  readonly version: string
  /** ms */
  readonly delay: number
  readonly priority: number
}

/** Where IDs are once all is over, and what the queue's own books say. */
export interface Final {
  readonly queued: readonly string[]
  readonly delayed: readonly string[]
  readonly processing: readonly string[]
  readonly failed: readonly string[]
  readonly committed: number
  readonly entered: number
  readonly left: number
  /** Keys that should have gone with the last ID. */
  readonly strays: readonly string[]
  /** ID → the epoch of the run whose result is kept. */
  readonly results?: Readonly<Record<string, number>>
}

/** What can be in a history. `phase` is Jepsen's: before the call; after it, by what is known of it; or just a note. */
export type Happening =
  | { op: 'publish'; phase: 'invoke'; call: number; ids: readonly string[]; brings?: readonly Brought[] }
  | { op: 'publish'; phase: 'ok'; call: number; reply: readonly Told[] }
  | { op: 'publish'; phase: 'fail' | 'unknown'; call: number; reply: string }
  | { op: 'run'; phase: 'invoke'; id: string; epoch: number; token: string; attempt?: number; version?: string }
  /** `stopped`: why its signal had been aborted by then. */
  | { op: 'run'; phase: 'ok' | 'fail'; id: string; token: string; stopped?: string }
  | { op: 'lost'; phase: 'note'; id: string }
  | { op: 'jammed'; phase: 'note'; id: string; token: string; jams: number; started: boolean }
  /** A process: up, gone in order with so many promises pending, or what nobody caught. */
  | { op: 'life'; phase: 'invoke'; role: string }
  | { op: 'life'; phase: 'ok'; pending: number }
  | { op: 'life'; phase: 'fail'; reply: string }
  /** The harness: it killed a process by SIGKILL, or a process did not end. */
  | { op: 'kill'; phase: 'note'; whom: string }
  | { op: 'hung'; phase: 'note'; whom: string }
  /** A fault begins and ends; with a window, the server may have lost what it took within so many ms before the beginning. */
  | { op: 'fault'; phase: 'invoke'; name: string; window?: number }
  | { op: 'fault'; phase: 'ok'; name: string }
  /** A look at all places in one script: IDs twice in line, and IDs not in exactly one state. */
  | { op: 'look'; phase: 'note'; twice: readonly string[]; astray: readonly string[] }
  | { op: 'final'; phase: 'note'; final: Final }

export type Entry = Happening & {
  /** µs, monotonic. */
  readonly t: number
  readonly proc: string
  readonly seq: number
}

/** One process's history. Written by a system call each, so that SIGKILL leaves an open call and never a missing one. */
export class Recorder {
  readonly #file: number
  readonly #proc: string
  #seq = 0

  constructor(path: string, proc: string) {
    this.#file = openSync(path, 'a')
    this.#proc = proc
  }

  note(happening: Happening): void {
    writeSync(
      this.#file,
      `${JSON.stringify({ t: micros(), proc: this.#proc, seq: this.#seq++, ...happening } satisfies Entry)}\n`,
    )
  }
}

async function* entriesOf(path: string): AsyncGenerator<Entry> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    // A process killed while it wrote leaves half a line.
    if (line.endsWith('}')) yield JSON.parse(line) as Entry
  }
}

/** All histories as one, in the order of time: each file is in order, so only their heads are held. */
export async function* merged(paths: readonly string[]): AsyncGenerator<Entry> {
  const heads: { entry: Entry; rest: AsyncGenerator<Entry> }[] = []
  const take = async (rest: AsyncGenerator<Entry>): Promise<void> => {
    const { value, done } = await rest.next()
    if (!done) heads.push({ entry: value, rest })
  }
  for (const path of paths) await take(entriesOf(path))
  while (heads.length > 0) {
    let first = 0
    for (let i = 1; i < heads.length; i++) {
      if ((heads[i]?.entry.t ?? 0) < (heads[first]?.entry.t ?? 0)) first = i
    }
    const [{ entry, rest }] = heads.splice(first, 1) as [(typeof heads)[number]]
    yield entry
    await take(rest)
  }
}
