import { ConvoyError } from './errors.js'
import { afterSome, gravest, type Trouble } from './partial.js'
import type { Part, Parts, Sent } from './parts.js'
import type { Outcome, Verdict, VerdictCounts } from './verdict.js'

/** Batches on their way at once. */
const IN_FLIGHT = 2

export interface StreamOptions {
  readonly items: AsyncIterable<unknown>
  readonly parts: Parts
  readonly send: (part: Part) => Promise<Sent>
  /** Gets each batch's verdicts; what it returns is waited for, and what it throws ends the stream. */
  readonly onVerdicts: ((verdicts: readonly Verdict[]) => unknown) | undefined
  /** Aborted when the queue closes: then the source is not read any further. */
  readonly closing: AbortSignal
}

/**
 * Publishes as the items come, in constant memory: at most two batches are on their way while a third gathers; then the
 * source is not asked for more. A source that pauses holds back nothing that it gave, and a failure or a closing queue
 * does not wait for it.
 */
export async function publishStream({
  items,
  parts,
  send,
  onVerdicts,
  closing,
}: StreamOptions): Promise<VerdictCounts> {
  const counts: Record<Outcome, number> = { queued: 0, delayed: 0, updated: 0, rerun: 0, duplicate: 0, full: 0 }
  const flying = new Set<Promise<void>>()
  /** Of what was sent, which goes first, and of the source, the callback and the queue. */
  const [troubles, others]: [Trouble[], Trouble[]] = [[], []]
  const failed = (): boolean => troubles.length + others.length > 0
  let stop = (): void => {}
  const fail = (error: unknown): void => {
    others.push({ error })
    stop()
  }

  const deliver = async (part: Part): Promise<void> => {
    const sent = await send(part)
    const verdicts = sent.verdicts.filter((verdict) => verdict !== undefined)
    for (const { outcome } of verdicts) counts[outcome]++
    if (sent.trouble) {
      troubles.push(sent.trouble)
      stop()
    }
    if (verdicts.length > 0) await onVerdicts?.(verdicts)
  }
  const flush = (): void => {
    const part = parts.list.shift()
    if (!part) return
    const flight = deliver(part)
      .catch(fail)
      .finally(() => {
        flying.delete(flight)
        if (!failed()) flush()
      })
    flying.add(flight)
  }
  const close = (): void => fail(new ConvoyError('CLOSED', 'the queue was closed before the source had ended'))
  closing.addEventListener('abort', close, { once: true })

  const iterator = items[Symbol.asyncIterator]()
  try {
    while (!failed()) {
      const item = await nextOr(iterator, (stopNow) => {
        stop = stopNow
      })
      if (item === undefined || item.done === true) break
      const gathering = parts.list.length
      parts.add(item.value)
      // The first of a batch sets its flush for the end of this turn of the loop, if a flight is free.
      if (gathering === 0) setImmediate(() => flying.size < IN_FLIGHT && flush())
      // One that is full goes, as does one beside which another had to be begun.
      while (parts.list.length > 1 || parts.list[0]?.batch.full) {
        if (flying.size >= IN_FLIGHT) await Promise.race(flying)
        else flush()
      }
    }
  } catch (error) {
    fail(error)
  } finally {
    closing.removeEventListener('abort', close)
    // The source is told that we are done, and not waited for.
    if (failed()) Promise.resolve(iterator.return?.()).catch(() => undefined)
    // What it gave before goes out.
    while (parts.list.length > 0) flush()
    while (flying.size > 0) await Promise.all(flying)
  }
  const trouble = gravest(troubles)
  if (trouble) {
    const answered = Object.values(counts).reduce((sum, count) => sum + count, 0)
    throw afterSome(trouble, answered, 'IDs were published')
  }
  for (const { error } of others) throw error
  return counts
}

/** The next item, or nothing once told to stop. No promise outlives its item: a race with one that does would leak. */
function nextOr(
  iterator: AsyncIterator<unknown>,
  onStop: (stopNow: () => void) => void,
): Promise<IteratorResult<unknown> | undefined> {
  return new Promise((resolve, reject) => {
    onStop(() => resolve(undefined))
    iterator.next().then(resolve, reject)
  })
}
