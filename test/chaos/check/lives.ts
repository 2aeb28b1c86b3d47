import type { Entry, Final } from '../history.js'
import { type Fault, type Life, type Proc, type Publish, type Run, workerOf } from './life.js'

/** µs in which a handler that has returned may still be on its way to being settled when its process dies. */
const DOUBT = 5_000_000

/** A history, read: per ID, per process, per fault. */
export class Lives {
  readonly ids = new Map<string, Life>()
  readonly procs = new Map<string, Proc>()
  readonly faults: Fault[] = []
  readonly looks = { count: 0, twice: new Set<string>(), astray: new Set<string>() }
  readonly hung: string[] = []
  final: Final | undefined
  /** IDs that some publish named. */
  readonly #named = new Set<string>()
  readonly unexpected: string[] = []
  /** By the name that its worker has in tokens. */
  readonly #workers = new Map<string, string>()
  readonly #calls = new Map<string, { readonly ids: readonly string[]; readonly publishes: readonly Publish[] }>()

  static async of(history: AsyncIterable<Entry> | Iterable<Entry>): Promise<Lives> {
    const lives = new Lives()
    for await (const entry of history) lives.#take(entry)
    return lives
  }

  life(id: string): Life {
    const known = this.ids.get(id)
    if (known) return known
    const life: Life = { publishes: [], runs: [], jams: [] }
    this.ids.set(id, life)
    return life
  }

  /** Whose claim this is, if it ever ran a handler. */
  readonly procOf = (token: string): Proc | undefined => this.procs.get(this.#workers.get(workerOf(token)) ?? '')

  killed({ proc }: Run): number {
    return this.procs.get(proc)?.killed ?? Number.POSITIVE_INFINITY
  }

  disturbed(from: number, to: number): boolean {
    return this.faults.some(({ at, until }) => at <= to && until >= from)
  }

  /** Its claim came to nothing, or may have: so the ID may have run again. */
  excused(run: Run): boolean {
    if (run.lost || run.jammed || run.released) return true
    const killed = this.killed(run)
    return (
      killed < Number.POSITIVE_INFINITY &&
      (run.until > killed || killed - run.until < DOUBT || this.disturbed(run.until, killed))
    )
  }

  #take(entry: Entry): void {
    const author = this.procs.get(entry.proc)
    if (author?.closed) author.late.push(entry.op)
    switch (entry.op) {
      case 'publish':
        this.#publish(entry)
        break
      case 'run':
        this.#run(entry)
        break
      case 'lost':
        this.#lose(entry)
        break
      case 'jammed':
        this.#jam(entry)
        break
      case 'life':
        this.#live(entry)
        break
      case 'kill':
        this.#proc(entry.whom).killed = entry.t
        break
      case 'hung':
        this.hung.push(entry.whom)
        break
      case 'fault':
        this.#fault(entry)
        break
      case 'look':
        this.looks.count++
        for (const id of entry.twice) this.looks.twice.add(id)
        for (const id of entry.astray) this.looks.astray.add(id)
        break
      case 'final':
        this.final = entry.final
    }
  }

  #lose({ id, proc }: Entry & { op: 'lost' }): void {
    const last = this.life(id).runs.findLast((run) => run.proc === proc && !run.lost)
    if (last) last.lost = true
  }

  #jam({ t, id, token, jams }: Entry & { op: 'jammed' }): void {
    const life = this.life(id)
    life.jams.push({ at: t, token, jams })
    for (const run of life.runs) if (run.token === token) run.jammed = true
  }

  #publish(entry: Entry & { op: 'publish' }): void {
    const { t } = entry
    const key = `${entry.proc} ${entry.call}`
    if (entry.phase === 'invoke') {
      const publishes = entry.ids.map((id, i): Publish => {
        this.#named.add(id)
        const publish: Publish = {
          at: t,
          until: Number.POSITIVE_INFINITY,
          told: 'unknown',
          version: '',
          delay: 0,
          ...entry.brings?.[i],
        }
        this.life(id).publishes.push(publish)
        return publish
      })
      this.#calls.set(key, { ids: entry.ids, publishes })
      return
    }
    for (const [i, publish] of (this.#calls.get(key)?.publishes ?? []).entries()) {
      publish.until = t
      if (entry.phase === 'ok') publish.told = entry.reply[i] ?? 'unknown'
      else publish.told = entry.phase === 'fail' ? 'refused' : 'unknown'
    }
    this.#calls.delete(key)
  }

  #run(entry: Entry & { op: 'run' }): void {
    const { t, proc, id, token } = entry
    const life = this.life(id)
    if (entry.phase === 'invoke') {
      if (!this.#named.has(id)) this.unexpected.push(id)
      const jammed = life.jams.some((jam) => jam.token === token)
      const { epoch, attempt = 1, version = '' } = entry
      this.#workers.set(workerOf(token), proc)
      life.runs.push({
        proc,
        token,
        epoch,
        at: t,
        until: Number.POSITIVE_INFINITY,
        failed: false,
        released: false,
        attempt,
        version,
        lost: false,
        jammed,
      })
      return
    }
    const run = life.runs.findLast((one) => one.proc === proc && one.token === token)
    if (!run) return
    run.until = t
    run.failed = entry.phase === 'fail'
    run.released = run.failed && entry.stopped === 'LEASE_LAPSED'
  }

  #live(entry: Entry & { op: 'life' }): void {
    const proc = this.#proc(entry.proc, entry.phase === 'invoke' ? entry.role : undefined)
    if (entry.phase === 'fail') proc.uncaught.push(entry.reply)
    if (entry.phase !== 'ok') return
    proc.closed = true
    proc.pending = entry.pending
  }

  #fault(entry: Entry & { op: 'fault' }): void {
    const { t, name } = entry
    if (entry.phase === 'invoke') {
      this.faults.push({ name, at: t, until: Number.POSITIVE_INFINITY, window: entry.window ?? 0 })
      return
    }
    const fault = this.faults.findLast((one) => one.name === name)
    if (fault) fault.until = t
  }

  #proc(name: string, role = ''): Proc {
    const known = this.procs.get(name)
    if (known) return known
    const proc = { name, role, killed: Number.POSITIVE_INFINITY, closed: false, pending: 0, uncaught: [], late: [] }
    this.procs.set(name, proc)
    return proc
  }
}
