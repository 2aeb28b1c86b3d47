import { checkBy } from '../check.js'
import { ConvoyError } from '../errors.js'
import { observe } from '../events.js'
import type { Background } from '../life.js'
import { MESSAGE_KINDS, type MessageKind } from '../messages.js'
import { type AnyQueue, insideOf, Queue } from '../queue.js'
import type { Inside } from '../queue-settings.js'
import type { Messages } from '../store.js'
import { suggestion } from '../suggestion.js'
import { pause, show } from '../time.js'
import { Feed } from './feed.js'
import { type Following, follow, type Gap, type QueueEvent, type Told } from './follow.js'
import { EVENTS_OPTIONS } from './options.js'

export type { Gap, QueueEvent, Told } from './follow.js'

export interface EventsOptions {
  /**
   * The position to begin at: of what is kept (see `journal`) none is missed, and what is not kept any more is told as a
   * gap. `'oldest'`: the first that is kept. Default: what is sent from now on.
   */
  readonly from?: number | 'oldest'
  /** Ends it, as `break` does. */
  readonly signal?: AbortSignal
}

/** Gets the events of its name; what it throws is logged, and stops nothing. */
export type Listeners = {
  readonly [Kind in QueueEvent['kind']]?: (event: Kind extends MessageKind ? Told<Kind> : Gap) => unknown
}

/** ms until a journal that cannot be read is tried again. */
const AGAIN = 1_000

/**
 * What happens in a queue, whichever process does it: `for await (const event of events(queue)) …`. Begins when it is first
 * asked for an event; ends by `break`, with its signal, and with the queue. Until then each script that changes something
 * sends one message, with up to 1,000 IDs; when nobody listens and no journal is kept, nothing is sent. It takes a
 * connection of its own.
 *
 * An event that was handled is not told again when the next begins `from: event.position + 1`; one message may hold
 * several events, so that after a crash one that begins at `event.position` misses none and may be told some twice. Nobody waits
 * for a reader: who falls 16 MiB behind goes on in the journal, or is told of a gap.
 *
 * A job that was claimed ahead and ended before its worker's next step is told as `done` without `started`.
 *
 * Throws what any call throws when it cannot begin; later it waits for a server that is away. The idea is that of
 * BullMQ's QueueEvents, which are always paid for.
 */
export function events(queue: AnyQueue, options?: EventsOptions): AsyncGenerator<QueueEvent, void> {
  return stream(insideOf(checkQueue('events', queue)), checkFollowing('events', options))
}

/**
 * The same, by callback: resolves once it listens. `const ears = await listen(queue, { done: ({ ids }) => … })`, and
 * `ears.close()`.
 */
export async function listen(queue: AnyQueue, listeners: Listeners, options?: EventsOptions): Promise<Background> {
  const inside = insideOf(checkQueue('listen', queue))
  const known = checkListeners(listeners)
  const following = checkFollowing('listen', options)
  const { life, ...hearing } = await hear(inside, following)
  const dispatch = async (): Promise<void> => {
    for await (const event of follow(hearing)) {
      const listener = known.get(event.kind)
      if (listener) observe(() => listener(event), threw(event.kind))
    }
  }
  const running = dispatch()
    .catch((error) => inside.wrong(error as ConvoyError))
    .finally(life.close)
  const close = async (): Promise<void> => {
    await life.close()
    await running
  }
  return { close, [Symbol.asyncDispose]: close }
}

/**
 * Keeps the last `keep` messages of a queue (at least; a stream of Redis, some bytes per ID), whoever listens, so that they can be
 * read later: `events(queue, { from })`. For all processes, until it is changed; `keep: 0` ends it and drops them.
 */
export async function journal(queue: AnyQueue, options: { readonly keep: number }): Promise<void> {
  const { call } = insideOf(checkQueue('journal', queue))
  const { keep } = checkBy<{ keep?: number }>(EVENTS_OPTIONS.journal, 'journal', options)
  if (keep === undefined) throw new ConvoyError('BAD_OPTION', 'journal: keep: expected how many messages to keep')
  await call('operator', (store, patience) => store.control({ order: 'journal', keep }, patience))
}

async function* stream(inside: Inside, options: EventsOptions): AsyncGenerator<QueueEvent, void> {
  if (options.signal?.aborted) return
  const { life, ...hearing } = await hear(inside, options)
  try {
    yield* follow(hearing)
  } finally {
    await life.close()
  }
}

/** What `follow` needs, until it is closed, or the queue is, or `signal` is aborted. */
interface Hearing extends Following {
  readonly life: { readonly close: () => Promise<void> }
}

async function hear({ settings, call, run }: Inside, { from, signal }: EventsOptions): Promise<Hearing> {
  const feed = new Feed()
  const ending = new AbortController()
  const until = ending.signal
  const life = run(
    (closing) =>
      new Promise((resolve) => {
        const end = (): void => {
          ending.abort()
          feed.end()
          resolve()
        }
        closing.addEventListener('abort', end, { once: true })
      }),
  )
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', close)
    await life.close()
  }
  signal?.addEventListener('abort', close, { once: true })
  const ask = async (from: number, limit: number): Promise<Messages | undefined> => {
    const order = { order: 'messages', from, limit } as const
    return (await call('listener', (store, patience) => store.control(order, patience))).messages
  }
  const read = async (from: number, limit: number): Promise<Messages | undefined> => {
    while (!until.aborted) {
      try {
        return await ask(from, limit)
      } catch (error) {
        if (until.aborted) break
        if (!mayPass(error)) throw error
        await pause(settings.clock, AGAIN, until)
      }
    }
    return undefined
  }
  /** Known before anything is heard, or what is heard until that is known would be taken for older. */
  let now = 1
  try {
    // One that is aborted already tells nobody any more: there is nothing to begin.
    if (signal?.aborted) await close()
    else {
      if (typeof from !== 'number') now = ((await ask(Number.MAX_SAFE_INTEGER, 1))?.last ?? 0) + 1
      await call('listener', (store, patience) => store.listen(feed.hear, until, patience))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { feed, read, from: from ?? now, now, kept: from !== undefined, life: { close } }
}

const mayPass = (error: unknown): boolean =>
  error instanceof ConvoyError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED'].includes(error.code)

const threw =
  (kind: string) =>
  (thrown: unknown): void =>
    console.error(`convoy-queue: events: the listener of '${kind}' threw`, thrown)

function checkQueue(call: string, queue: unknown): AnyQueue {
  if (queue instanceof Queue) return queue
  throw new ConvoyError('BAD_OPTION', `${call}: expected a queue of createQueue, not ${show(queue)}`)
}

function checkFollowing(call: 'events' | 'listen', options: EventsOptions | undefined): EventsOptions {
  const following = checkBy<EventsOptions>(EVENTS_OPTIONS[call], call, options)
  const { from } = following
  if (from === undefined || from === 'oldest' || (Number.isSafeInteger(from) && from >= 1)) return following
  throw new ConvoyError(
    'BAD_OPTION',
    `${call}: from: expected a position of at least 1, or 'oldest', not ${show(from)}`,
  )
}

type Listener = (event: QueueEvent) => unknown

function checkListeners(listeners: Listeners): ReadonlyMap<string, Listener> {
  if (typeof listeners !== 'object' || listeners === null) {
    throw new ConvoyError('BAD_HANDLER', `listen: expected listeners by the names of events, not ${show(listeners)}`)
  }
  const names = [...MESSAGE_KINDS, 'gap']
  for (const [name, listener] of Object.entries(listeners)) {
    if (!names.includes(name))
      throw new ConvoyError('BAD_OPTION', `listen: there is no event ${show(name)}.${suggestion(name, names)}`)
    if (typeof listener !== 'function')
      throw new ConvoyError('BAD_HANDLER', `listen: ${name}: expected a function, not ${show(listener)}`)
  }
  return new Map(Object.entries(listeners) as [string, Listener][])
}
