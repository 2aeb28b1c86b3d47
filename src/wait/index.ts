import { checkBy } from '../check.js'
import { ConvoyError } from '../errors.js'
import { checkId, readToken } from '../job.js'
import type { PublishOptions } from '../publish-options.js'
import { insideOf, Queue } from '../queue.js'
import type { Inspection, Recollection } from '../store.js'
import { type Duration, show } from '../time.js'
import { VERDICTS } from '../verdict.js'
import { lastSent } from './desk.js'
import type { Bond } from './judge.js'
import { WAIT_OPTIONS } from './options.js'
import { type Bound, type Ended, type Limits, wait } from './wait.js'

export type { Ended } from './wait.js'

export interface WaitForOptions {
  /** When to give up: WAIT_TIMEOUT. Default 0: never. */
  readonly timeout?: Duration
  /** Gives up sooner: ABORTED. */
  readonly signal?: AbortSignal
}

/** What `publish` takes, but that nobody waits for room: a full queue rejects with FULL. */
export type PublishAndWaitOptions<Payload = void> = Omit<PublishOptions<Payload>, 'waitForRoom' | 'signal'> &
  WaitForOptions

type PublishAndWaitArgs<Payload> =
  Record<string, never> extends Omit<PublishOptions<Payload>, never>
    ? [options?: PublishAndWaitOptions<Payload>]
    : [options: PublishAndWaitOptions<Payload>]

/**
 * Publishes an ID and resolves with what its run returns. Whoever waits for an ID, in whatever process, shares its run: a
 * single flight over the network. Where the publish is guaranteed a run of its own (`verdict.guaranteed`), the end of the one
 * that is on is not taken for it.
 *
 * Rejects with JOB_FAILED (its `cause` is what is kept of the failure), WITHDRAWN, FULL, WAIT_TIMEOUT, ABORTED (after both
 * the ID stays published), with what a publish throws, and with OUTCOME_UNKNOWN when the ID is gone and nothing tells why. An
 * ID that failed, and was published again before anybody looked, gives the end of its next run.
 *
 * The queue must keep results (`keepResult`), or BAD_OPTION: the kept result is the truth, a message only says where to look, so
 * that a lost one costs five seconds at most. So keep them for longer than a reader may be late: a result that has lapsed by then
 * is `undefined`, with the epoch 0. Costs a subscription per queue and process while anybody waits, and two reads per end.
 */
export async function publishAndWait<Payload, Result>(
  queue: Queue<Payload, Result>,
  id: string | number,
  ...[options]: PublishAndWaitArgs<Payload>
): Promise<Ended<Result>> {
  const inside = insideOf(checkQueue('publishAndWait', queue))
  const { timeout, signal, ...rest } = checkObject('publishAndWait', options ?? {})
  const limits = checkLimits('publishAndWait', { timeout, signal })
  if (rest['waitForRoom'] !== undefined) {
    throw new ConvoyError(
      'BAD_OPTION',
      'publishAndWait: waitForRoom: only of publish: here a full queue is FULL at once',
    )
  }
  const checked = checkId(id)
  const { policy, traits } = inside.settings.terms.read('publishAndWait', rest)
  const request = {
    ids: [checked],
    policy: { ...policy, bind: true as const },
    ...(traits ? { traits: [traits] } : {}),
  }
  return wait<Result>('publishAndWait', inside, checked, limits, async () => {
    const reply = await inside.call('publisher', (store, patience) => store.publish(request, patience))
    return bondOf(checked, reply.verdicts, reply.epochs?.[0] ?? 0)
  })
}

/**
 * Resolves with the end of an ID's run, as `publishAndWait` does, but publishes nothing: of the run that is on or comes
 * next, or what is kept of the last one: a result that has lapsed before it was read is `undefined`, with the epoch 0. An ID that
 * is nowhere and of which nothing is kept is waited for, whatever else is withdrawn or cleared meanwhile: give a `timeout`.
 */
export async function waitFor<Result>(
  // biome-ignore lint/suspicious/noExplicitAny: whatever its jobs carry
  queue: Queue<any, Result>,
  id: string | number,
  options?: WaitForOptions,
): Promise<Ended<Result>> {
  const inside = insideOf(checkQueue('waitFor', queue))
  const limits = checkLimits('waitFor', options)
  const checked = checkId(id)
  const ids = [checked]
  const look = async (): Promise<Bond> => {
    // In this order, so that what ends between the two is later than what was kept.
    const [kept] = await inside.call('listener', (store, patience) => store.recall(ids, patience))
    const [seen] = await inside.call('listener', (store, patience) => store.inspect(ids, patience))
    return bondTo(seen as Inspection, kept as Recollection)
  }
  return wait<Result>('waitFor', inside, checked, limits, async () => {
    const bond = await look()
    if (bond.absent === undefined) return { bond, look: true }
    // What is told up to here, however late, is of runs that were over.
    const absent = await lastSent(inside)
    const again = await look()
    return { bond: again.absent === undefined ? again : { ...again, absent }, look: true }
  })
}

/** Which run a publish is waited for with, and whether it may be over already. */
function bondOf(id: string, letter: string, epoch: number): Bound {
  const { outcome, was, guaranteed } = VERDICTS[letter] as (typeof VERDICTS)[string]
  if (outcome === 'full') throw new ConvoyError('FULL', `${show(id)}: the queue is full; nothing was stored`)
  if (was === 'remembered') return { bond: { run: 'remembered', after: -1 }, look: true }
  if (was === 'processing' && !guaranteed) return { bond: { run: 'running', after: epoch - 1 }, look: false }
  const owed = was === 'processing' ? { owed: true as const } : {}
  // Held where it failed, there is nothing to wait for.
  return { bond: { run: 'next', after: epoch, ...owed }, look: !guaranteed }
}

function bondTo(seen: Inspection, kept: Recollection): Bond {
  const epoch = readToken(seen.token ?? '').epoch
  switch (seen.state) {
    case 'processing':
      return seen.withdrawn && seen.owed
        ? { run: 'next', after: epoch, owed: true }
        : { run: 'running', after: epoch - 1 }
    case 'queued':
    case 'delayed':
      return { run: 'next', after: kept.epoch }
    case 'remembered':
      return { run: 'remembered', after: -1 }
    case 'failed':
      return { run: 'next', after: kept.epoch }
    case 'absent':
      return kept.result === null ? { run: 'next', after: 0, absent: 0 } : { run: 'remembered', after: -1 }
  }
}

function checkQueue<Q>(call: string, queue: Q): Q {
  if (queue instanceof Queue) return queue
  throw new ConvoyError('BAD_OPTION', `${call}: expected a queue of createQueue, not ${show(queue)}`)
}

function checkObject(call: string, options: object): Record<string, unknown> {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return { ...options }
  throw new ConvoyError('BAD_OPTION', `${call}: expected an object of options, not ${show(options)}`)
}

const checkLimits = (call: string, given: object | undefined): Limits => checkBy<Limits>(WAIT_OPTIONS, call, given)
