import type { Brought, Entry, Final, Happening, Told } from '../history.js'

const NOTHING_LEFT: Final = {
  ...{ queued: [], delayed: [], processing: [], failed: [], committed: 0, entered: 3, left: 3, strays: [] },
}

/** A history made up: a millisecond passes between two lines. */
export class Story {
  readonly #entries: Entry[] = []
  readonly #seq = new Map<string, number>()
  #now = 1_000_000
  #call = 0

  entries(): readonly Entry[] {
    return this.#entries
  }

  note(proc: string, happening: Happening): this {
    const seq = this.#seq.get(proc) ?? 0
    this.#seq.set(proc, seq + 1)
    this.#now += 1_000
    this.#entries.push({ t: this.#now, proc, seq, ...happening })
    return this
  }

  wait(ms: number): this {
    this.#now += ms * 1_000
    return this
  }

  up(proc: string, role: string): this {
    return this.note(proc, { op: 'life', phase: 'invoke', role })
  }

  /** In order; who was killed is beyond that. */
  close(proc: string): this {
    if (this.#entries.some((entry) => entry.op === 'kill' && entry.whom === proc)) return this
    return this.note(proc, { op: 'life', phase: 'ok', pending: 0 })
  }

  kill(whom: string): this {
    return this.note('harness', { op: 'kill', phase: 'note', whom })
  }

  publish(proc: string, id: string, told: Told | 'unknown' | 'refused', brings?: Partial<Brought>): this {
    const call = ++this.#call
    const brought = brings ? { brings: [{ version: '', delay: 0, priority: 0, ...brings }] } : {}
    this.note(proc, { op: 'publish', phase: 'invoke', call, ids: [id], ...brought })
    if (typeof told === 'object') return this.note(proc, { op: 'publish', phase: 'ok', call, reply: [told] })
    return this.note(proc, { op: 'publish', phase: told === 'refused' ? 'fail' : 'unknown', call, reply: told })
  }

  run(proc: string, id: string, epoch: number, life: { attempt?: number; version?: string } = {}): this {
    return this.note(proc, { op: 'run', phase: 'invoke', id, epoch, token: `${epoch}:${proc}`, ...life })
  }

  /** The handler throws, perhaps after it was asked to stop. */
  fail(proc: string, id: string, stopped?: string): this {
    const asked = stopped === undefined ? {} : { stopped }
    return this.note(proc, { op: 'run', phase: 'fail', id, token: this.#last(proc, id), ...asked })
  }

  /** The handler returns, by default that of the last run of this ID in this process. */
  end(proc: string, id: string, token = this.#last(proc, id)): this {
    return this.note(proc, { op: 'run', phase: 'ok', id, token })
  }

  lose(proc: string, id: string): this {
    return this.note(proc, { op: 'lost', phase: 'note', id })
  }

  jam(proc: string, id: string, token: string, jams = 1): this {
    return this.note(proc, { op: 'jammed', phase: 'note', id, token, jams, started: true })
  }

  fault(name: string, ms: number, window?: number): this {
    this.note('harness', { op: 'fault', phase: 'invoke', name, ...(window === undefined ? {} : { window }) })
    return this.wait(ms).note('harness', { op: 'fault', phase: 'ok', name })
  }

  final(final: Partial<Final>): this {
    return this.note('harness', { op: 'final', phase: 'note', final: { ...NOTHING_LEFT, ...final } })
  }

  #last(proc: string, id: string): string {
    const run = this.#entries.findLast(
      (entry) => entry.op === 'run' && entry.phase === 'invoke' && entry.proc === proc && entry.id === id,
    )
    return run?.op === 'run' ? run.token : ''
  }
}
