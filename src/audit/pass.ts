import {
  type AuditReply,
  type AuditRequest,
  type Mend,
  type MendReply,
  type MendRequest,
  NAMING,
  type Naming,
  ODDS,
  type Odds,
} from '../audit-verbs.js'
import { ConvoyError } from '../errors.js'
import { Findings } from './findings.js'
import { BY_LINE, judgeEntry, judgePage, type Orphan } from './judge.js'
import { Line, type Seen } from './line.js'

/** What a pass works with. */
export interface Hands {
  /** The first look. */
  glance(request: AuditRequest): Promise<AuditReply>
  look(request: AuditRequest): Promise<AuditReply>
  mend(request: MendRequest): Promise<MendReply>
  pause(ms: number): Promise<void>
}

export interface Terms {
  readonly full: boolean
  readonly repair: boolean
  readonly sample: number
  /** ms a claim gets whose lease end is gone. */
  readonly lease: number
  /** Entries or IDs a look takes in. */
  readonly limit: number
  /** ms without a token or a claim after which somebody should have been woken; 0: not asked for. */
  readonly wakeAfter: number
  /** IDs that may be processing at once; 0: any number. */
  readonly active: number
  /** A queue that was opened before its first publish has a layout record; a bare store need not. */
  readonly opened: boolean
  readonly signal?: AbortSignal
}

/** Looks without coming nearer to the tail, or beginnings anew, after which the line is left unjudged. */
const PATIENCE = { looks: 200, restarts: 20, pages: 20 }

/** Entries and IDs in one look: a millisecond or two of the server's time, however much the queue holds. */
export const LIMIT = 400
/** Mends in one call. */
const BATCH = 250

const NOTE = JSON.stringify({ message: 'its error was lost; found by an audit', attempt: 1 })

/** One audit of one store. */
export class Pass {
  readonly findings: Findings
  readonly #hands: Hands
  readonly #terms: Terms
  readonly #line = new Line()
  #lost = false
  /** IDs to be committed, by the first entry of each. */
  readonly #committed = new Map<string, number>()
  #lineKnown = true
  #epoch = 0
  #sleepless: { since: number; taken: number; returned: number } | undefined

  constructor(hands: Hands, terms: Terms) {
    this.#hands = hands
    this.#terms = terms
    this.findings = new Findings(terms.sample)
  }

  /** Whether the line could be judged: not while it grows faster than it is read. */
  get complete(): boolean {
    return this.#lineKnown
  }

  /** Answers the first look and the last. */
  async run(): Promise<{ first: AuditReply; last: AuditReply }> {
    const first = await this.#hands.glance({ part: null, cursor: '', ...this.#line.next, limit: 1 })
    this.#judgeWhole(first)
    if (!this.#terms.full) return { first, last: first }
    await this.#turn()
    for (const part of NAMING) await this.#walk(part)
    for (const part of ODDS) await this.#walk(part)
    await this.#judgeWake()
    if (this.#terms.repair) await this.#mendWhole()
    const last = await this.#hands.look({ part: null, cursor: '', ...this.#line.next, limit: 1 })
    if (this.#terms.repair) this.#confirm(last)
    return { first, last }
  }

  #judgeWhole({ totals, sizes, length, marks, layout, guard, extras, journal }: AuditReply): void {
    const { committed, processing, lease, delayed, failed, failedAt, ghosts, prioritized } = sizes
    const { findings } = this
    const difference = totals.entered - totals.left - committed
    if (difference !== 0 || Object.values(totals).some(Number.isNaN)) {
      findings.note('totals', Math.max(1, Math.abs(difference) || 0))
    }
    this.#lost = !(difference <= 0) || totals.entered === 0
    if (marks === 0 && length > 0) findings.note('marks')
    if (!guard) findings.note('guard')
    if (!extras) findings.note('extras')
    if (!journal) findings.note('journal')
    // Whoever counted anything had opened it: a worker, too, whose claim was lost with all else.
    const used = Object.values(totals).some((count) => count !== 0)
    if (this.#terms.opened && layout === '' && used) findings.note('meta')
    if (this.#terms.full) return
    const missing = committed - processing - delayed - prioritized - (length - ghosts)
    if (missing > 0) findings.note('line', missing)
    if (processing !== lease) findings.note('leases', Math.abs(processing - lease))
    if (failed !== failedAt) findings.note('failures', Math.abs(failed - failedAt))
  }

  /** A look at a page, and at what of the line has not been seen; mends what it finds. */
  async #look(part: AuditRequest['part'], cursor: string): Promise<AuditReply> {
    if (this.#terms.signal?.aborted) throw new ConvoyError('ABORTED')
    const reply = await this.#hands.look({ part, cursor, ...this.#line.next, limit: this.#terms.limit })
    const entries = this.#line.take(reply)
    const orphans = entries.flatMap((entry) => this.#judgeEntry(entry) ?? [])
    orphans.push(...this.#judgePage(part, reply))
    for (const { kind, mend } of orphans) this.findings.add(kind, mend.how === 'unkeep' ? mend.id.slice(1) : mend.id)
    if (this.#terms.repair) await this.#mend(orphans)
    this.#watchWake(reply)
    return reply
  }

  #judgeEntry(entry: Seen): Orphan | null {
    const { id, place } = entry
    const first = this.#committed.get(id)
    const orphan = judgeEntry(first === undefined || first === place ? entry : { ...entry, twin: first }, this.#lost)
    if (orphan?.mend.how === 'commit') this.#committed.set(id, place)
    return orphan
  }

  #judgePage(part: AuditRequest['part'], reply: AuditReply): Orphan[] {
    if (part === null) return []
    if (part === 'steps') return reply.page.map(({ id }) => ({ kind: 'record', mend: { how: 'forget', id } }))
    if (part === 'results' || part === 'kept') {
      return reply.page.map(({ id }) => ({ kind: 'unkept', mend: { how: 'unkeep', id } }))
    }
    if (part === 'marks') {
      if (reply.page.length > 0) this.findings.note('marks')
      return []
    }
    if (part === 'lease') this.#judgeEpochs(reply)
    // Of these an ID is judged by the line, and a line not seen to its tail tells nothing.
    if (BY_LINE.includes(part) && !this.#line.caughtUp) return []
    return judgePage(part, reply, this.#line)
  }

  #judgeEpochs({ page, totals }: AuditReply): void {
    for (const { token = '' } of page) {
      const epoch = Number(/^~?(\d+):/.exec(token)?.[1] ?? 0)
      if (epoch <= totals.epoch) continue
      this.#epoch = Math.max(this.#epoch, epoch)
      this.findings.note('epoch')
    }
  }

  /** Reads the line to its tail. */
  async #turn(): Promise<void> {
    let least = Number.POSITIVE_INFINITY
    for (let looks = 0; this.#lineKnown; looks++) {
      await this.#look(null, '')
      if (this.#line.caughtUp) return
      if (this.#line.behind < least) {
        least = this.#line.behind
        looks = 0
      }
      if (looks > PATIENCE.looks || this.#line.restarts > PATIENCE.restarts) this.#lineKnown = false
    }
  }

  async #walk(part: Naming | Odds): Promise<void> {
    const byLine = (BY_LINE as readonly string[]).includes(part)
    let again = 0
    for (let cursor = ''; ; ) {
      const reply = await this.#look(part, cursor)
      if (byLine && !this.#line.caughtUp && this.#lineKnown) {
        // The tail was out of sight in that very moment: the same page once more.
        if (++again > PATIENCE.pages) this.#lineKnown = false
        await this.#turn()
        continue
      }
      again = 0
      cursor = reply.cursor
      if (cursor === '') return
    }
  }

  /** Somebody takes the token only to claim within moments: a line without either is one that nobody was told of. */
  #watchWake({ wake, length, sizes, held, now, totals: { taken, returned } }: AuditReply): void {
    const { active } = this.#terms
    const last = this.#sleepless
    const full = active > 0 && sizes.processing >= active
    if (wake > 0 || held || full || length + sizes.prioritized === 0) this.#sleepless = undefined
    else if (last?.taken !== taken || last.returned !== returned) this.#sleepless = { since: now, taken, returned }
  }

  async #judgeWake(): Promise<void> {
    const { wakeAfter } = this.#terms
    while (wakeAfter > 0 && this.#sleepless !== undefined) {
      const { now } = await this.#look(null, '')
      if (this.#sleepless === undefined) return
      if (now - this.#sleepless.since >= wakeAfter) return this.findings.note('wake')
      await this.#hands.pause(200)
    }
  }

  async #mend(orphans: readonly Orphan[]): Promise<void> {
    // A page may name an ID twice; and what is no ID may read like one: a record's name, or an entry's place and its ID.
    const due = new Map<string, Orphan>()
    for (const orphan of orphans) {
      const { mend } = orphan
      const what = mend.how === 'blank' ? mend.place : mend.how === 'forget' || mend.how === 'unkeep' ? mend.how : 'ID'
      const key = `${what} ${mend.id}`
      if (!due.has(key)) due.set(key, orphan)
    }
    const all = [...due.values()]
    for (let first = 0; first < all.length; first += BATCH) {
      const some = all.slice(first, first + BATCH)
      const { mended } = await this.#hands.mend(this.#request(some.map(({ mend }) => mend)))
      some.forEach(({ kind }, i) => {
        if (mended[i] === '1') this.findings.mended(kind)
      })
    }
  }

  async #mendWhole(): Promise<void> {
    const { findings } = this
    const request = this.#request([])
    const due = { marks: findings.has('marks'), guard: findings.has('guard'), layout: findings.has('meta') }
    const journal = findings.has('journal')
    const { whole } = await this.#hands.mend({ ...request, epoch: this.#epoch, balance: true, ...due, journal })
    const matters = ['epoch', 'totals', 'marks', 'meta', 'guard', 'journal', 'wake'] as const
    matters.forEach((kind, i) => {
      // A token put back where nobody missed it is no finding.
      if (whole[i] === '1' && findings.has(kind)) findings.mended(kind, true)
    })
  }

  /** Totals agree again also by what came back, and the layout is written by whoever opens the queue. */
  #confirm({ totals, sizes, layout, extras }: AuditReply): void {
    const { findings } = this
    if (findings.has('totals') && totals.entered - totals.left === sizes.committed) findings.mended('totals', true)
    if (findings.has('extras') && extras) findings.mended('extras', true)
    if (findings.has('meta') && layout !== '') findings.mended('meta', true)
  }

  #request(mends: readonly Mend[]): MendRequest {
    const { lease } = this.#terms
    const nothing = { balance: false, marks: false, layout: false, guard: false, journal: false }
    return { mends, lease, error: NOTE, epoch: 0, ...nothing }
  }
}
