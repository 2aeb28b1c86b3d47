import { ConvoyError } from './errors.js'
import { checkId } from './job.js'
import type { PublishReply } from './store.js'
import { type Outcome, type Verdict, type VerdictCounts, verdictOn } from './verdict.js'

/** IDs in a batch at most. */
const MOST_IDS = 1_000
/** Batches on their way at once. */
const IN_FLIGHT = 2

export interface StreamOptions {
  readonly ids: AsyncIterable<unknown>
  readonly send: (ids: readonly string[]) => Promise<PublishReply>
  /** Gets each batch's verdicts; what it returns is waited for, and what it throws ends the stream. */
  readonly onVerdicts: ((verdicts: readonly Verdict[]) => unknown) | undefined
  /** Aborted when the queue closes: then the source is not read any further. */
  readonly closing: AbortSignal
}

/**
 * Publishes as the IDs come, in constant memory: at most two batches are on their way while a third gathers; then the
 * source is not asked for more. A source that pauses holds back nothing that it gave, and a failure or a closing queue
 * does not wait for it.
 */
export async function publishStream({ ids, send, onVerdicts, closing }: StreamOptions): Promise<VerdictCounts> {
  const counts: Record<Outcome, number> = { queued: 0, delayed: 0, updated: 0, rerun: 0, duplicate: 0, full: 0 }
  const flying = new Set<Promise<void>>()
  let batch: string[] = []
  let trouble: { readonly error: unknown } | undefined
  let stop = (): void => {}
  const fail = (error: unknown): void => {
    trouble ??= { error }
    stop()
  }

  const deliver = async (some: readonly string[]): Promise<void> => {
    const reply = await send(some)
    const verdicts = some.map((id, i) => verdictOn(id, reply, i))
    for (const { outcome } of verdicts) counts[outcome]++
    await onVerdicts?.(verdicts)
  }
  const flush = (): void => {
    if (batch.length === 0) return
    const flight = deliver(batch)
      .catch(fail)
      .finally(() => {
        flying.delete(flight)
        if (!trouble) flush()
      })
    batch = []
    flying.add(flight)
  }
  const close = (): void => fail(new ConvoyError('CLOSED', 'the queue was closed before the source had ended'))
  closing.addEventListener('abort', close, { once: true })

  const iterator = ids[Symbol.asyncIterator]()
  try {
    while (!trouble) {
      const item = await nextOr(iterator, (stopNow) => {
        stop = stopNow
      })
      if (item === undefined || item.done === true) break
      batch.push(checkId(item.value))
      // The first of a batch sets its flush for the end of this turn of the loop, if a flight is free.
      if (batch.length === 1) setImmediate(() => flying.size < IN_FLIGHT && flush())
      if (batch.length < MOST_IDS) continue
      if (flying.size >= IN_FLIGHT) await Promise.race(flying)
      flush()
    }
  } catch (error) {
    fail(error)
  } finally {
    closing.removeEventListener('abort', close)
    // The source is told that we are done, and not waited for.
    if (trouble) Promise.resolve(iterator.return?.()).catch(() => undefined)
    // What it gave before goes out.
    flush()
    while (flying.size > 0) await Promise.all(flying)
  }
  if (trouble) throw trouble.error
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
