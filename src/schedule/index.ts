import { checkBy } from '../check.js'
import { ConvoyError } from '../errors.js'
import { checkId } from '../job.js'
import type { Background } from '../life.js'
import type { PublishOptions } from '../publish-options.js'
import { type AnyQueue, insideOf, Queue } from '../queue.js'
import type { Inside } from '../queue-settings.js'
import { type Duration, show } from '../time.js'
import { shared } from './looks.js'
import { EVERY_OPTIONS } from './options.js'
import { type Rule, readRule, ruleOf } from './rule.js'
import { type Look, lookUp, serverNow, tick } from './ticker.js'

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

/** What ticks in this process for one queue. */
interface Ticking {
  readonly lives: Map<string, Background>
  /** IDs that are being taken out by this process: that they are gone is no news. */
  readonly leaving: Set<string>
  readonly look: () => Promise<Look>
}

const GONE =
  'its schedule was taken out by another process, or the server lost it; call every again where it is to go on'

const ticking = new WeakMap<object, Ticking>()

/**
 * Publishes an ID at intervals (`'PT5M'`, from a second to 250,000,000,000,000 ms) or by a cron text (`'0 9 * * 1-5'`, five
 * fields or six), in this process until it is closed, or the queue is. The schedule is written down in the queue: any number of
 * processes may call this, and each slot is published once, by whichever comes first; when all of them were away, all slots that
 * were missed are one. The last call for an ID says when, for all of them: at the latest at their next slot. What a publish
 * brings (payload, priority, dedupe) is not written down: each process brings what its own call said.
 *
 * A schedule that another process takes out ends here, too, and so does one that the server lost (it was emptied, or a
 * failover took back the write): no process can tell the one from the other, so neither is written anew. Both are told as
 * SCHEDULE_GONE by the event `error`, within an hour: where it is to go on, call this again.
 *
 * Slots go by the server's clock, those at intervals from when the schedule was first written down. A publish meets what
 * any other does: when the ID is still there, nothing is added. When the queue is full it is tried again each second.
 * Costs a publish per slot and process, and two reads, one of them of all schedules, for what is due together. Cron texts
 * are read by croner, an optional peer.
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
  const now = await serverNow(inside)
  if (rule.next(now, now) === null) throw new ConvoyError('BAD_OPTION', `every: ${show(when)} never comes`)
  const order = { order: 'schedule', id: checked, text: rule.text, slot: now } as const
  await inside.call('operator', (store, patience) => store.control(order, patience))
  const { lives, leaving, look } = tickingOf(inside)
  const gone = (): void => {
    if (!leaving.has(checked)) inside.wrong(new ConvoyError('SCHEDULE_GONE', `every: ${show(checked)}: ${GONE}`))
  }
  const before = lives.get(checked)
  const life = inside.run(async (signal) => {
    await tick({ inside, look, gone, id: checked, rule, wish, signal })
    // It may have ended by itself; who closes waits for this.
    if (lives.get(checked) === life) lives.delete(checked)
    void life.close()
  })
  lives.set(checked, life)
  await before?.close()
  return life
}

/** Takes a schedule out, for all processes; tells whether there was one. What was published stays. */
export async function unschedule(queue: AnyQueue, id: string | number): Promise<boolean> {
  const inside = insideOf(checkQueue('unschedule', queue))
  const checked = checkId(id)
  const order = { order: 'schedule', id: checked, text: null, slot: 0 } as const
  const { lives, leaving } = tickingOf(inside)
  leaving.add(checked)
  try {
    const { count } = await inside.call('operator', (store, patience) => store.control(order, patience))
    await lives.get(checked)?.close()
    return count === 1
  } finally {
    leaving.delete(checked)
  }
}

/** All schedules of a queue, whichever process they are from, by ID. */
export async function schedules(queue: AnyQueue): Promise<Schedule[]> {
  const { schedules, now } = await lookUp(insideOf(checkQueue('schedules', queue)))
  const read = Array.from(schedules.values(), async ({ id, text, slot }) => ({
    id,
    ...told(await readRule(text), slot, now),
  }))
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

function tickingOf(inside: Inside): Ticking {
  const mine = ticking.get(inside.store) ?? {
    lives: new Map<string, Background>(),
    leaving: new Set<string>(),
    look: shared(() => lookUp(inside)),
  }
  ticking.set(inside.store, mine)
  return mine
}

function checkQueue<Q>(call: string, queue: Q): Q {
  if (queue instanceof Queue) return queue
  throw new ConvoyError('BAD_OPTION', `${call}: expected a queue of createQueue, not ${show(queue)}`)
}
