import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type QueueOptions } from '../../src/index.js'
import { Latch } from '../support/latch.js'
import { until } from '../support/until.js'
import { freshName, serverHere } from './kit.js'

/** ms from a time that a worker was told of until it looks of itself: what is late is that late. */
const LATE = 4_000

async function setUp(options: QueueOptions = {}) {
  const server = await serverHere()
  const queue = createQueue(freshName(), { store: server.url, ...options })
  onTestFinished(() => queue.close({ timeout: 0 }))
  const blocked = async (): Promise<boolean> => /blocked_clients:[1-9]/.test(await server.cli('INFO', 'clients'))
  return { queue, idle: () => until('a worker waits', blocked) }
}

test.each(['lowered', 'paused and resumed'])(
  'what is due runs in time by a worker whose wait is cut off as it is %s',
  async (how) => {
    const { queue, idle } = await setUp()
    const ran = new Latch()
    const worker = queue.process(() => ran.open(), { concurrency: 10 })
    await idle()
    const from = performance.now()
    await queue.publish('a', { delay: 1_000 })
    await idle()
    if (how === 'lowered') worker.concurrency = 5
    else {
      worker.pause()
      worker.resume()
    }
    await ran.wait
    expect(performance.now() - from).toBeLessThan(LATE)
  },
)

test('a try is not late because a wait has taken the last room beside a long job', async () => {
  const { queue, idle } = await setUp({ attempts: 2, backoff: 1_000 })
  const [failed, again, long, end] = [new Latch(), new Latch(), new Latch(), new Latch()]
  let from = 0
  queue.on('retrying', () => failed.open())
  queue.process(
    async ({ id, attempt }) => {
      if (id === 'long') {
        long.open()
        return end.wait
      }
      if (attempt === 2) return again.open()
      await idle()
      from = performance.now()
      throw new Error('again')
    },
    { concurrency: 5 },
  )
  await idle()
  await queue.publish('a')
  await failed.wait
  await queue.publish('long')
  await long.wait
  await again.wait
  expect(performance.now() - from).toBeLessThan(LATE)
  end.open()
})
