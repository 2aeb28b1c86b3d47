import { expect, test } from 'vitest'
import { readCron } from '../../src/schedule/cron.js'

const HOUR = 3_600_000
/** The nights in which Berlin's clocks go from 2:00 to 3:00, and from 3:00 to 2:00: from three hours before to three after. */
const SPRING = Date.parse('2026-03-29T01:00:00Z')
const AUTUMN = Date.parse('2026-10-25T01:00:00Z')

/** All slots of such a night, by UTC. */
async function slots(text: string, change: number): Promise<string> {
  const { after } = await readCron(text, 'Europe/Berlin')
  const found: string[] = []
  let last = change - 3 * HOUR
  for (let next = after(last); next !== null && next <= change + 3 * HOUR; next = after(last)) {
    found.push(new Date(next).toISOString().slice(11, 16))
    last = next
  }
  return found.join(' ')
}

test.each([
  ['30 2 * * *', '01:00', '00:30'],
  ['0 30 2 * * *', '01:00', '00:30'],
  ['30 2 * * 0', '01:00', '00:30'],
])(
  '%s: one that is skipped comes as the clock goes on, one that comes twice counts once',
  async (text, spring, autumn) => {
    expect(await slots(text, SPRING)).toBe(spring)
    expect(await slots(text, AUTUMN)).toBe(autumn)
  },
)

test.each([
  ['a list of minutes', '0,30 2 * * *', '', '00:00 00:30 01:00 01:30'],
  ['a list of hours', '30 2,4 * * *', '02:30', '00:30 01:30 03:30'],
  ['a list of seconds', '0,30 30 2 * * *', '', '00:30 00:30 01:30 01:30'],
  ['a range', '30 2-3 * * *', '01:30', '00:30 01:30 02:30'],
  ['a step', '30 */2 * * *', '23:30 02:30', '22:30 00:30 01:30 03:30'],
  ['any', '30 * * * *', '22:30 23:30 00:30 01:30 02:30 03:30', '22:30 23:30 00:30 01:30 02:30 03:30'],
])(
  '%s: what falls into the hour that is skipped does not come, and into the one that comes twice, twice',
  async (_, text, spring, autumn) => {
    expect([await slots(text, SPRING), await slots(text, AUTUMN)]).toEqual([spring, autumn])
  },
)
