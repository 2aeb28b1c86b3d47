// @ts-check
// What happened to each path, from three sides: the publishers' verdicts, the workers' ledgers, the jam guard's reports.

/**
 * @typedef {object} Entry
 * @property {number} queued how often a publish of it was answered `queued`
 * @property {number} runs how often a handler began with it
 * @property {number} jams how often the guard recovered it
 * @property {{ sha256: string, size: number, mtimeMs: number, worker: string } | undefined} hash the last
 */

export class Tally {
  /** @type {Map<string, Entry>} */
  #entries
  /** @type {Set<string>} */
  #unasked = new Set()
  publishes = 0
  queued = 0
  absorbed = 0
  hashed = 0
  bytes = 0
  runs = 0
  /** Runs of each worker. @type {Map<string, number>} */
  byWorker = new Map()
  /** @type {import('convoy-queue').JammedJob[]} */
  jammed = []

  /** @param {readonly string[]} ids */
  constructor(ids) {
    this.#entries = new Map(ids.map((id) => [id, { queued: 0, runs: 0, jams: 0, hash: undefined }]))
  }

  get size() {
    return this.#entries.size
  }

  /** Runs that were let in and have not begun: some files run again, since they were published after their run. */
  get left() {
    return Math.max(0, this.queued + this.jammed.length - this.runs)
  }

  /** @param {readonly import('convoy-queue').Verdict[]} verdicts */
  verdicts(verdicts) {
    for (const { id, outcome, repeated } of verdicts) {
      this.publishes++
      if (outcome === 'queued') this.queued++
      else this.absorbed++
      // The answer to a first sending was lost: that one may have queued it, whatever this one says.
      this.#of(id).queued += (outcome === 'queued' ? 1 : 0) + (repeated ? 1 : 0)
    }
  }

  /** @param {string} worker @param {Iterable<import('./ledger.mjs').Line>} lines */
  ledger(worker, lines) {
    for (const [what, id, ...hash] of lines) {
      const entry = this.#of(id)
      if (what === 'start') {
        entry.runs++
        this.runs++
        this.byWorker.set(worker, (this.byWorker.get(worker) ?? 0) + 1)
        continue
      }
      const [sha256 = '', size = 0, mtimeMs = 0] = hash
      if (entry.hash === undefined) {
        this.hashed++
        this.bytes += size
      }
      entry.hash = { sha256, size, mtimeMs, worker }
    }
  }

  /** @param {readonly import('convoy-queue').JammedJob[]} jobs */
  jams(jobs) {
    for (const job of jobs) this.#of(job.id).jams++
    this.jammed.push(...jobs)
  }

  /** Who hashed it last; nobody when it was not. @param {string} id */
  hashedBy(id) {
    return this.#entries.get(id)?.hash?.worker ?? 'nobody'
  }

  /** Paths that were not hashed. */
  unhashed() {
    return this.#where(({ hash }) => hash === undefined)
  }

  /** Paths that ran more often than they were let in: once for each `queued`, once more for each jam. */
  ranTooOften() {
    return [...this.#where(({ runs, queued, jams }) => runs > queued + jams), ...this.#unasked]
  }

  /** At most `count` hashed files of a size that can be read at once, spread evenly, with those that jammed among them. */
  sample(count = 1_000, largest = 1 << 26) {
    const small = [...this.#entries].flatMap(([id, { hash, jams }]) =>
      hash && hash.size <= largest ? [{ id, hash, jams }] : [],
    )
    const step = Math.max(1, small.length / count)
    return small.filter(({ jams }, i) => jams > 0 || Math.floor(i / step) !== Math.floor((i - 1) / step))
  }

  /** @param {(entry: Entry) => boolean} condition */
  #where(condition) {
    return [...this.#entries].filter(([, entry]) => condition(entry)).map(([id]) => id)
  }

  /** An ID we never published would be news from nowhere: it is kept, and found to have run too often. @param {string} id */
  #of(id) {
    const known = this.#entries.get(id)
    if (known) return known
    this.#unasked.add(id)
    return { queued: 0, runs: 0, jams: 0, hash: undefined }
  }
}
