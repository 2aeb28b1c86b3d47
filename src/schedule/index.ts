import { checkBy } from '../check.js'
import { ConvoyError } from '../errors.js'
import { checkId } from '../job.js'
import type { Background } from '../life.js'
import type { PublishOptions } from '../publish-options.js'
import { type AnyQueue, insideOf, Queue } from '../queue.js'
import { type Duration, show } from '../time.js'
import { EVERY_OPTIONS } from './options.js'
import { type Rule, readRule, ruleOf } from './rule.js'
import { lookUp, tick } from './ticker.js'

/** What each publish of a schedule brings, and the zone of a cron text (default UTC). */
export type EveryOptions<Payload = void> = Pick<PublishOptions<Payload>, 'payload' | 'priority' | 'dedupe'> & {
  readonly timeZone?: string
}

type EveryArgs<Payload> =
  Record<string, never> extends PublishOptions<Payload>
    ? [options?: EveryOptions<Payload>]
    : [options: EveryOptions<Payload>]

/** A schedule as it is written down. */
export interface Schedule {
  readonly id: string
  /** ms, of one that comes at intervals … */
  readonly every?: number
  /** … and of one by cron. */
  readonly cron?: string
  readonly timeZone?: string
  /** The last slot that was published; before the first, when it began. */
  readonly last: Date
  /** The one that comes next, by the server's clock; in the past when nobody is there to publish it; null when none comes. */
  readonly next: Date | null
}

/** What ticks in this process, by queue and ID. */
const ticking = new WeakMap<object, Map<string, Background>>()

/**
 * Publishes an ID at intervals (`'PT5M'`, from a second on) or by a cron text (`'0 9 * * 1-5'`, five fields or six), in this
 * process until it is closed, or the queue is. The schedule is written down in the queue: any number of processes may call
 * this, and each slot is published once, by whichever comes first; when all of them were away, all slots that were missed are one.
 * The last call for an ID says what holds for all of them: at the latest at their next slot.
 *
 * Slots go by the server's clock, those at intervals from when the schedule was first written down. A publish meets what
 * any other does: when the ID is still there, nothing is added. When the queue is full it is tried again each second.
 * Costs two reads and a publish per slot and process. Cron texts are read by croner, an optional peer.
 *
 * Throws BAD_OPTION, BAD_ID, BAD_PAYLOAD (then nothing is stored), UNSUPPORTED (a cron text without croner), and what
 * any call throws. The idea is that of BullMQ's job schedulers.
 */
export async function every<Payload>(
  queue: Queue<Payload, unknown>,
  id: string | number,
  when: Duration,
  ...[options]: EveryArgs<Payload>
): Promise<Background> {
  const inside = insideOf(checkQueue('every', queue))
  const checked = checkId(id)
  checkBy(EVERY_OPTIONS, 'every', options)
  const { timeZone, ...rest }: { timeZone?: string } = { ...options }
  const wish = inside.settings.terms.read('every', rest)
  const rule = await ruleOf(when, timeZone)
  const { now } = await lookUp(inside)
  if (rule.next(now, now) === null) throw new ConvoyError('BAD_OPTION', `every: ${show(when)} never comes`)
  const order = { order: 'schedule', id: checked, text: rule.text, slot: now } as const
  await inside.call('operator', (store, patience) => store.control(order, patience))
  const mine = tickersOf(inside.store)
  const before = mine.get(checked)
  const life = inside.run(async (signal) => {
    await tick({ inside, id: checked, rule, wish, signal })
    // It may have ended by itself; who closes waits for this.
    if (mine.get(checked) === life) mine.delete(checked)
    void life.close()
  })
  mine.set(checked, life)
  await before?.close()
  return life
}

/** Takes a schedule out, for all processes; tells whether there was one. What was published stays. */
export async function unschedule(queue: AnyQueue, id: string | number): Promise<boolean> {
  const inside = insideOf(checkQueue('unschedule', queue))
  const checked = checkId(id)
  const order = { order: 'schedule', id: checked, text: null, slot: 0 } as const
  const { count } = await inside.call('operator', (store, patience) => store.control(order, patience))
  await tickersOf(inside.store).get(checked)?.close()
  return count === 1
}

/** All schedules of a queue, whichever process they are from, by ID. */
export async function schedules(queue: AnyQueue): Promise<Schedule[]> {
  const { schedules, now } = await lookUp(insideOf(checkQueue('schedules', queue)))
  const read = schedules.map(async ({ id, text, slot }) => ({ id, ...told(await readRule(text), slot, now) }))
  return (await Promise.all(read)).sort((a, b) => (a.id < b.id ? -1 : 1))
}

function told(rule: Rule | undefined, slot: number, now: number): Omit<Schedule, 'id'> {
  const next = rule ? (rule.due(slot, now) ?? rule.next(slot, now)) : null
  const { every, cron, timeZone } = rule ?? {}
  return {
    ...(every === undefined ? {} : { every }),
    ...(cron === undefined || timeZone === undefined ? {} : { cron, timeZone }),
    last: new Date(slot),
    next: next === null ? null : new Date(next),
  }
}

function tickersOf(store: object): Map<string, Background> {
  const mine = ticking.get(store) ?? new Map<string, Background>()
  ticking.set(store, mine)
  return mine
}

function checkQueue<Q>(call: string, queue: Q): Q {
  if (queue instanceof Queue) return queue
  throw new ConvoyError('BAD_OPTION', `${call}: expected a queue of createQueue, not ${show(queue)}`)
}
