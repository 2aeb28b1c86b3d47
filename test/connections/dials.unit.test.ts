import { expect, onTestFinished, test } from 'vitest'
import { ConvoyError } from '../../src/index.js'
import { Connection } from '../../src/redis/connection.js'
import { abortable, type MakeWire } from '../../src/redis/wire.js'
import { steppedClock } from '../../src/stepped-clock.js'

const REPLY_TIMEOUT = 1_500

/** Keeps dialling for a minute; gives the moments at which it dialled anew, ms. */
async function dialsOf(dial: (signal: AbortSignal) => Promise<never>): Promise<readonly number[]> {
  const clock = steppedClock(0)
  const at: number[] = []
  const make: MakeWire = Object.assign(
    (signal: AbortSignal) => {
      at.push(clock.now())
      return dial(signal)
    },
    { to: 'nowhere' },
  )
  const connection = new Connection({ make, clock, replyTimeout: REPLY_TIMEOUT, tell() {}, async vouch() {} })
  onTestFinished(() => connection.close())
  connection.ready({ timeout: Number.POSITIVE_INFINITY }).catch(() => undefined)
  await clock.advance(60_000)
  return at
}

const pauses = (at: readonly number[], taken: number): number[] =>
  at.slice(1).map((one, i) => one - Number(at[i]) - taken)

test('dials that fail at once come with growing pauses, of a second at last', async () => {
  const refused = pauses(await dialsOf(() => Promise.reject(new ConvoyError('UNAVAILABLE', 'refused'))), 0)
  expect(refused[0]).toBeLessThan(30)
  expect(refused.slice(6).every((one) => one >= 750 && one <= 1_250)).toBe(true)
  expect(refused.length).toBeGreaterThan(45)
})

test('dials that hang take their pause by hanging: a network that is back is tried with the next breath', async () => {
  const hung = pauses(await dialsOf((signal) => abortable(new Promise<never>(() => {}), signal)), REPLY_TIMEOUT)
  expect(hung.length).toBeGreaterThan(35)
  expect(Math.max(...hung)).toBeLessThan(30)
})
