import { chunksOf } from '../batch.js'
import { ConvoyError } from '../errors.js'
import type { Background } from '../life.js'
import { type MessageKind, readMessage } from '../messages.js'
import type { Inside } from '../queue-settings.js'
import type { Inspection, Recollection } from '../store.js'
import { pause } from '../time.js'
import { type Bond, believe, type Ending, judge, type Told } from './judge.js'

/** ms between looks at all that is waited for: the last cure, for what no message told. */
const LOOK_EVERY = 5_000
/** ms that a message may take after what it tells is true. */
const LATE = 1_000

/** One who waits. Without a bond it is not known yet for which run. */
export interface Waiter {
  readonly id: string
  bond?: Bond
  /** The last that was heard of its ID. */
  told?: Told
  /** The same when the last look began: what is told later may be of a run that the look has not seen. */
  heeded?: Told | undefined
  /** A look was due before there was a bond. */
  called?: boolean
  /** Since when nothing is due and nothing says why, by this process's clock. */
  goneSince?: number
  /** Called once. */
  readonly end: (ending: Ending) => void
  readonly fail: (error: unknown) => void
}

interface Hearing {
  readonly life: Background
  /** Messages are heard. */
  readonly ready: Promise<void>
}

const ENDS: Partial<Readonly<Record<MessageKind, Told['end']>>> = {
  done: 'done',
  failed: 'failed',
  withdrawn: 'withdrawn',
}

/**
 * All who wait in this process for runs of one queue: they share a subscription, which there is as long as anybody waits.
 * A message is a hint where to look; what is found there decides.
 */
export class Desk {
  readonly #inside: Inside
  readonly #waiters = new Map<string, Set<Waiter>>()
  #hearing: Hearing | undefined
  /** Whose ID is gone, and has nothing but what was told of it: true once all is heard up to the position. */
  readonly #credulous = new Map<Waiter, number>()
  #heardTo = 0
  #due = new Set<string>()
  #looking = false

  constructor(inside: Inside) {
    this.#inside = inside
  }

  /** Resolves once what happens from now on is heard. */
  sit(waiter: Waiter): Promise<void> {
    const those = this.#waiters.get(waiter.id)
    if (those) those.add(waiter)
    else this.#waiters.set(waiter.id, new Set([waiter]))
    this.#hearing ??= this.#hear()
    return this.#hearing.ready
  }

  leave(waiter: Waiter): void {
    const those = this.#waiters.get(waiter.id)
    those?.delete(waiter)
    if (those?.size === 0) this.#waiters.delete(waiter.id)
    this.#credulous.delete(waiter)
    if (this.#waiters.size > 0) return
    void this.#hearing?.life.close()
    this.#hearing = undefined
  }

  /** `look`: what is waited for may be there already. */
  bind(waiter: Waiter, bond: Bond, look: boolean): void {
    waiter.bond = bond
    // What is nowhere was not among what a clear took.
    if (bond.absent !== undefined && waiter.told?.cleared) delete waiter.told
    if (look || waiter.called) this.#look([waiter.id])
  }

  #hear(): Hearing {
    const { call, run, settings } = this.#inside
    let ready: Promise<void> = Promise.resolve()
    this.#heardTo = 0
    const life = run(async (closing) => {
      ready = call('listener', (store, patience) => store.listen(this.#heard, closing, patience))
      while (!closing.aborted) {
        await pause(settings.clock, LOOK_EVERY, closing)
        if (!closing.aborted) this.#look(this.#waiters.keys())
      }
      // The queue was closed, and not the door behind the last who waited.
      if (this.#hearing?.life === life) this.#failAll(new ConvoyError('CLOSED'))
    })
    // Those that wait for it hear of it; those that come later may try again.
    ready.catch(() => {
      if (this.#hearing?.life !== life) return
      this.#hearing = undefined
      void life.close()
    })
    return { life, ready }
  }

  readonly #heard = (text: string | null): void => {
    if (text === null) {
      // What was told before may not be the last.
      for (const those of this.#waiters.values()) for (const waiter of those) delete waiter.told
      this.#credulous.clear()
      this.#heardTo = 0
      this.#look(this.#waiters.keys())
      return
    }
    const { position, told } = readMessage(text)
    for (const { kind, ids } of told) {
      if (kind === 'queued') this.#enter(ids, position)
      const cleared = kind === 'cleared'
      const end = cleared ? 'withdrawn' : ENDS[kind]
      if (end === undefined) continue
      const named = cleared ? [...this.#waiters.keys()] : ids.filter((id) => this.#waiters.has(id))
      for (const id of named) {
        for (const waiter of this.#waiters.get(id) ?? []) {
          if (cleared && waiter.bond?.absent !== undefined) continue
          waiter.told = { end, position, ...(cleared ? { cleared } : {}) }
          this.#credulous.delete(waiter)
        }
      }
      this.#look(named)
    }
    this.#heardTo = position
    this.#believe()
  }

  /** Who waited for these as absent waits for a run from now on; what was told before is of others. */
  #enter(ids: readonly string[], position: number): void {
    for (const id of ids) {
      for (const waiter of this.#waiters.get(id) ?? []) {
        const { bond } = waiter
        if (bond?.absent === undefined || position <= bond.absent) continue
        waiter.bond = { run: bond.run, after: bond.after }
        delete waiter.told
      }
    }
  }

  #believe(): void {
    for (const [waiter, sent] of this.#credulous) {
      if (sent > this.#heardTo || !waiter.told) continue
      this.#credulous.delete(waiter)
      waiter.end(believe(waiter.told.end))
    }
  }

  #failAll(error: unknown): void {
    for (const those of [...this.#waiters.values()]) for (const waiter of [...those]) waiter.fail(error)
  }

  #look(ids: Iterable<string>): void {
    for (const id of ids) this.#due.add(id)
    if (this.#looking || this.#due.size === 0) return
    this.#looking = true
    // What is due by the same message, or in the same turn, is one look.
    queueMicrotask(async () => {
      try {
        while (this.#due.size > 0) {
          const due = [...this.#due]
          this.#due.clear()
          for (const some of chunksOf(due)) await this.#lookAt(some)
        }
      } finally {
        this.#looking = false
      }
    })
  }

  /** Only those who were bound before the look began are judged by it: it may be older than what others wait for. */
  async #lookAt(ids: readonly string[]): Promise<void> {
    const asked: string[] = []
    const bound: Waiter[][] = []
    for (const id of ids) {
      const those = [...(this.#waiters.get(id) ?? [])]
      for (const waiter of those) if (!waiter.bond) waiter.called = true
      const known = those.filter((waiter) => waiter.bond)
      if (known.length === 0) continue
      asked.push(id)
      bound.push(known)
      for (const waiter of known) waiter.heeded = waiter.told
    }
    if (asked.length === 0) return
    const { call } = this.#inside
    try {
      const seen = await call('listener', (store, patience) => store.inspect(asked, patience))
      const kept = await call('listener', (store, patience) => store.recall(asked, patience))
      const hearsay = bound.flatMap((those, i) =>
        those.filter((waiter) => this.#judge(waiter, seen[i] as Inspection, kept[i] as Recollection)),
      )
      if (hearsay.length === 0) return
      const sent = await lastSent(this.#inside)
      const still = hearsay.filter((waiter) => this.#waiters.get(waiter.id)?.has(waiter))
      for (const waiter of still) if (waiter.told === waiter.heeded) this.#credulous.set(waiter, sent)
      this.#believe()
    } catch (error) {
      // A server that is away comes back; the next look tries again.
      if (error instanceof ConvoyError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED'].includes(error.code)) return
      for (const those of bound) for (const waiter of those) waiter.fail(error)
    }
  }

  /** Answers whether nothing is known but what was told. */
  #judge(waiter: Waiter, seen: Inspection, kept: Recollection): boolean {
    const { bond, heeded } = waiter
    if (!bond) return false
    const judgement = judge(bond, heeded, seen, kept)
    if (judgement.is === 'gone') {
      const now = this.#inside.settings.clock.now()
      waiter.goneSince ??= now
      if (judgement.says && !this.#credulous.has(waiter)) return true
      if (now - waiter.goneSince >= LATE) waiter.end(judgement)
    } else if (judgement.is === 'waiting') {
      delete waiter.goneSince
      this.#credulous.delete(waiter)
      // From now on it is not absent, if it is there.
      if (bond.absent !== undefined && seen.state !== 'absent') waiter.bond = { run: bond.run, after: bond.after }
    } else {
      waiter.end(judgement)
    }
    return false
  }
}

/** The position of the last message, heard or not. */
export async function lastSent({ call }: Inside): Promise<number> {
  const order = { order: 'messages', from: Number.MAX_SAFE_INTEGER, limit: 1 } as const
  const { messages } = await call('listener', (store, patience) => store.control(order, patience))
  return messages?.last ?? 0
}
