import { ConvoyError } from '../errors.js'
import { LONGEST } from '../retries.js'
import { milliseconds, show } from '../time.js'
import { readCron } from './cron.js'

/** When a schedule is due. A slot is a time at which it is; `last` is the last one that was published, or its beginning. */
export interface Rule {
  /** As it is written down, the same for all who mean the same. */
  readonly text: string
  readonly every?: number
  readonly cron?: string
  readonly timeZone?: string
  /** The last slot after `last` and up to `now`: however many were missed, it is one. */
  due(last: number, now: number): number | null
  /** The first slot after both; null when there is none any more. */
  next(last: number, now: number): number | null
}

/** ms. */
const LEAST = 1_000

const inRange = (every: number): boolean => every >= LEAST && every <= LONGEST

/** Throws BAD_OPTION. */
export async function ruleOf(when: unknown, timeZone: unknown): Promise<Rule> {
  if (typeof when === 'string' && /^@|\S\s+\S/.test(when.trim())) {
    return cronRule(when.trim().replace(/\s+/g, ' '), timeZone === undefined ? 'UTC' : (timeZone as string))
  }
  if (timeZone !== undefined) throw new ConvoyError('BAD_OPTION', 'every: timeZone: only with a cron text')
  const every = milliseconds(when, 'every')
  if (inRange(every)) return intervalRule(every)
  throw new ConvoyError(
    'BAD_OPTION',
    `every: expected a duration of at least a second and at most ${LONGEST} ms, not ${show(when)}`,
  )
}

/** Reads back a rule's text; undefined for what another version may have written. */
export async function readRule(text: string): Promise<Rule | undefined> {
  const interval = /^every (\d+)$/.exec(text)
  if (interval) return inRange(Number(interval[1])) ? intervalRule(Number(interval[1])) : undefined
  const [, timeZone, cron] = /^cron (\S+) (.+)$/.exec(text) ?? []
  return timeZone && cron ? cronRule(cron, timeZone) : undefined
}

/** Counted from its beginning, which is the phase of every slot since: whoever knows one of them knows them all. */
function intervalRule(every: number): Rule {
  const steps = (last: number, now: number): number => Math.floor((now - last) / every)
  return {
    text: `every ${every}`,
    every,
    due: (last, now) => (steps(last, now) >= 1 ? last + steps(last, now) * every : null),
    next: (last, now) => last + (Math.max(0, steps(last, now)) + 1) * every,
  }
}

async function cronRule(cron: string, timeZone: string): Promise<Rule> {
  const { after, upTo } = await readCron(cron, timeZone)
  return {
    text: `cron ${timeZone} ${cron}`,
    cron,
    timeZone,
    due: (last, now) => {
      const slot = upTo(now)
      return slot !== null && slot > last ? slot : null
    },
    next: (last, now) => after(Math.max(last, now)),
  }
}
