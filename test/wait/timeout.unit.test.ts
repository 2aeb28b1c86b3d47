import { expect, onTestFinished, test } from 'vitest'
import { createQueue, memoryStore } from '../../src/index.js'
import { waitFor } from '../../src/wait/index.js'
import { ManualClock } from '../queue/manual-clock.js'

const DAY = 86_400_000

/** Its timers go off early where they are asked for more than Node's can. */
class NodesClock extends ManualClock {
  override setTimer(run: () => void, ms: number): ReturnType<ManualClock['setTimer']> {
    return super.setTimer(run, Math.min(ms, 2 ** 31 - 1))
  }
}

test('a wait of sixty days takes sixty, though no timer takes more than twenty-four; given up, it leaves none', async () => {
  const clock = new NodesClock()
  const queue = createQueue('a', { store: memoryStore(), clock, keepResult: 1_000 })
  onTestFinished(() => queue.close())
  let ended = false
  const wait = waitFor(queue, 'never', { timeout: 'P60D' })
  const late = wait.catch((error: unknown) => {
    ended = true
    return error
  })
  for (const days of [24, 24, 11]) {
    clock.pass(days * DAY)
    await new Promise((turn) => setImmediate(turn))
    expect(ended).toBe(false)
  }
  const given = new AbortController()
  const other = waitFor(queue, 'other', { timeout: 'P60D', signal: given.signal })
  clock.pass(DAY)
  expect(await late).toMatchObject({ code: 'WAIT_TIMEOUT' })
  clock.pass(30 * DAY)
  given.abort()
  await expect(other).rejects.toMatchObject({ code: 'ABORTED' })
  await queue.close()
  expect(clock.pending).toBe(0)
})
