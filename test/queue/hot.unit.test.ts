import { expect, test } from 'vitest'
import { createQueue, type Dedupe, memoryStore, steppedClock } from '../../src/index.js'

/** ms of model time. */
const LASTS = 10_000
const PUBLISHERS = 20

interface Run {
  readonly payload: number
  readonly begun: number
}

/** 20 publishers publish one ID every 20 to 39 ms, for 10 s; a run takes 70 ms. */
async function hot(dedupe: Dedupe | undefined, delay = 0) {
  const time = steppedClock('2030-01-01T00:00:00Z')
  const began = time.now()
  const store = memoryStore({ clock: time })
  const open = () => createQueue<number>('trucks', { store, clock: time, ...(dedupe ? { dedupe } : {}) })
  const runs: Run[] = []
  let running = 0
  let most = 0
  const worker = open()
  worker.process(
    async (job) => {
      most = Math.max(most, ++running)
      runs.push({ payload: job.payload, begun: time.now() - began })
      await new Promise<void>((resolve) => time.setTimer(resolve, 70))
      running--
    },
    { concurrency: 5 },
  )
  let count = 0
  let last: { payload: number; guaranteed: boolean } = { payload: -1, guaranteed: false }
  const publishers = Array.from({ length: PUBLISHERS }, (_, i) => {
    const queue = open()
    const publish = (): void => {
      if (time.now() - began >= LASTS) return
      const payload = count++
      void queue.publish('hot', { payload, delay }).then(({ guaranteed }) => {
        last = { payload, guaranteed }
      })
      time.setTimer(publish, 20 + i)
    }
    publish()
    return queue
  })
  await time.advance(LASTS)
  await time.advance('PT5M')
  const stats = await worker.stats()
  await Promise.all([worker, ...publishers].map((queue) => queue.close()))
  return { runs, most, count, last, stats }
}

test.each<[string, Dedupe | undefined, newest: boolean]>([
  ['the default', undefined, false],
  ["'latest'", 'latest', true],
  ['rerun', { processing: 'rerun' }, true],
  ['supersede', { waiting: 'replace', processing: 'supersede' }, true],
  ['replace', { waiting: 'replace' }, false],
  ['hold', { failed: 'hold' }, false],
])('one hot ID and 20 publishers, with %s: never side by side, nothing is lost', async (_, dedupe, newest) => {
  const { runs, most, count, last, stats } = await hot(dedupe)
  expect(count).toBeGreaterThan(6_000)
  expect(most).toBe(1)
  // One after the other, without a gap: 70 ms each.
  expect(runs.length).toBeGreaterThan(100)
  expect(runs.length).toBeLessThan(150)
  expect(stats).toMatchObject({ committed: 0, failed: 0, totals: { published: count, done: runs.length } })
  expect(stats.totals.entered).toBe(stats.totals.left)
  const payloads = runs.map(({ payload }) => payload)
  expect(payloads).toEqual(payloads.toSorted((a, b) => a - b))
  // Law L3: whoever was told so is followed by a run; where the newest counts, that run has it.
  if (newest) expect([last.guaranteed, payloads.at(-1)]).toEqual([true, count - 1])
  else expect(last.payload).toBe(count - 1)
})

test('a debounce that is never left in peace runs all the same: every maxWait, with the newest payload', async () => {
  const dedupe = { waiting: 'replace', timing: 'latest', maxWait: 2_000 } as const
  const { runs, most, count } = await hot(dedupe, 500)
  expect(most).toBe(1)
  const begun = runs.map(({ begun }) => begun)
  // Each 2 s after the first publish of its round; the publishes end at 10 s, and the last is due 500 ms later.
  expect(begun.length).toBeGreaterThanOrEqual(5)
  expect(begun.length).toBeLessThanOrEqual(6)
  for (const [i, at] of begun.slice(0, -1).entries()) {
    expect(at - (begun[i - 1] ?? 0)).toBeGreaterThanOrEqual(2_000)
    expect(at - (begun[i - 1] ?? 0)).toBeLessThan(2_200)
  }
  expect(runs.at(-1)?.payload).toBe(count - 1)
})

test('a debounce in peace runs once, after its delay', async () => {
  const time = steppedClock()
  const queue = createQueue('trucks', {
    store: memoryStore({ clock: time }),
    clock: time,
    dedupe: { timing: 'latest' },
  })
  const ran: number[] = []
  const began = time.now()
  queue.process(() => ran.push(time.now() - began))
  for (let i = 0; i < 5; i++) {
    await queue.publish('a', { delay: 1_000 })
    await time.advance(900)
  }
  expect(ran).toEqual([])
  await time.advance(1_000)
  expect(ran).toHaveLength(1)
  await queue.close()
})
