import { type Message, type MessageKind, readMessage } from '../messages.js'
import type { Messages } from '../store.js'
import type { Feed } from './feed.js'

/** What happened to IDs of a queue, by whatever process; or what can no longer be told. */
export type QueueEvent = Told | Gap

export interface Told<Kind extends MessageKind = MessageKind> {
  readonly kind: Kind
  /** Empty for what concerns the queue as a whole. */
  readonly ids: readonly string[]
  /** Of the message: what one script did shares one. */
  readonly position: number
  /** The server's clock. */
  readonly at: Date
}

/** Messages from `from` to `to` are not kept any more; `to` is null where nobody can say how many there were. */
export interface Gap {
  readonly kind: 'gap'
  readonly from: number
  readonly to: number | null
}

/** Messages read at once. */
const PAGE = 500

/** A position that nothing comes behind. */
const NONE = -1

/** What it takes. */
export interface Following {
  readonly feed: Feed
  /** Undefined at the end. */
  readonly read: (from: number, limit: number) => Promise<Messages | undefined>
  readonly from: number | 'oldest'
  /** The position that came next before anything was heard: where no journal is kept, `'oldest'` begins there. */
  readonly now: number
  /** What is kept from there on is told first; else what is heard. */
  readonly kept: boolean
  readonly most?: number
}

/**
 * Every message once and in order: those kept, from a position on, then those heard. It must be heard already when this
 * begins: what is kept is read after that, so that nothing falls between.
 */
export async function* follow({
  feed,
  read,
  from,
  now,
  kept: begin,
  most = PAGE,
}: Following): AsyncGenerator<QueueEvent, void> {
  /** The position that comes next, 0 for wherever the journal begins; and the time of the message before. */
  let next = from === 'oldest' ? 0 : from
  let since = 0
  /** The last that was heard of what lies in the last gap. */
  let passed = NONE

  function* told({ position, at, told }: Message): Generator<QueueEvent> {
    next = position + 1
    since = at
    for (const { kind, ids } of told) yield { kind, ids, position, at: new Date(at) }
  }

  const gap = (to: number | null): QueueEvent => {
    passed = NONE
    return { kind: 'gap', from: next, to }
  }

  /** False at the end: what was heard behind that which could not be read any more is not to be told. */
  async function* kept(): AsyncGenerator<QueueEvent, boolean> {
    for (;;) {
      const page = await read(next, most)
      if (page === undefined) return false
      const { first, last, texts } = page
      // What came since is heard, or kept, or was both and is gone: that is a gap.
      if (next === 0) next = first > 0 ? Math.min(first, now) : now
      else if (first === 0 || last < next - 1) {
        // Without a journal nobody knows what was not heard; and a server that lost its history counts anew.
        yield gap(null)
        next = first === 0 ? last + 1 : first
        if (first === 0) return true
        continue
      }
      for (const text of texts) {
        if (feed.ended) return false
        const message = readMessage(text)
        if (message.position > next) yield gap(message.position - 1)
        yield* told(message)
      }
      if (texts.length < most) return true
    }
  }

  if (begin && !(yield* kept())) return
  for (;;) {
    const text = await feed.next()
    if (text === undefined) return
    if (text === null) {
      if (!(yield* kept())) return
      continue
    }
    const message = readMessage(text)
    if (message.position < next) {
      // Read before it was heard, or within a gap; or, if it is of later, the server counts anew.
      if (message.at <= since) continue
      // Asked of the first in a gap alone: a server that counts anew does not go on behind the one before.
      if (message.position === passed + 1) {
        passed++
        continue
      }
      const there = await read(next, 1)
      if (there === undefined) return
      passed = message.position
      if (there.last >= next - 1) continue
      yield gap(null)
    }
    // What is heard has no holes: a position that was passed over is that of a journal's beginning.
    yield* told(message)
  }
}
