import { expect, onTestFinished, test, vi } from 'vitest'
import { TOTALS } from '../../src/figures.js'
import type { Logger, Stats, Totals } from '../../src/index.js'
import { logStats } from '../../src/stats.js'
import { onBothStores } from './kit.js'
import { ManualClock } from './manual-clock.js'

/** What was logged, and a wait for it. */
class Log implements Logger {
  readonly lines: { fields: Record<string, unknown>; text: string }[] = []
  #look = (): void => {}

  info(fields: object, text: string): void {
    this.lines.push({ fields: fields as Record<string, unknown>, text })
    this.#look()
  }

  async line(count: number): Promise<{ fields: Record<string, unknown>; text: string }> {
    while (this.lines.length < count) {
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
    // The loop sets its timer after it has logged.
    await new Promise((later) => setImmediate(later))
    return this.lines[count - 1] as { fields: Record<string, unknown>; text: string }
  }
}

const NO_RATES = '0/s published (0/s absorbed), 0/s done, 0/s failed, 0/s jammed'

onBothStores((kit) => {
  test('one line at once and one each interval, with rates by the clock of the process', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const logger = new Log()
    queue.logStats({ every: 2_000, logger })
    expect((await logger.line(1)).text).toBe(`trucks: 0 queued, 0 processing, 0 failed; ${NO_RATES}`)
    await queue.publishMany([...Array(30).keys(), ...Array(10).keys()])
    await world.die({ claim: 5 })
    await world.pass(2_000)
    const { fields, text } = await logger.line(2)
    expect(text).toBe(
      'trucks: 25 queued, 5 processing, 0 failed, oldest waiting 2.0 s, oldest running 2.0 s; ' +
        '20/s published (5/s absorbed), 0/s done, 0/s failed, 0/s jammed',
    )
    expect(fields).toMatchObject({
      queue: 'trucks',
      queued: 25,
      processing: 5,
      committed: 30,
      totals: { published: 40, duplicates: 10 },
      rates: { published: 20, duplicates: 5, done: 0, failed: 0, jammed: 0 },
      oldestRunning: 2_000,
    })
    await world.pass(1_999)
    expect(logger.lines).toHaveLength(2)
    await world.pass(1)
    expect((await logger.line(3)).fields['rates']).toEqual({
      published: 0,
      duplicates: 0,
      done: 0,
      failed: 0,
      jammed: 0,
    })
  })

  test('done, failed and jammed have rates too, to a tenth', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const logger = new Log()
    queue.logStats({ every: 3_000, logger })
    await logger.line(1)
    const stage = world.stage()
    await queue.publish('jams')
    await world.die()
    await world.lapse()
    queue.process(async ({ id }) => {
      if (id === '0') throw new Error('no')
    })
    await queue.publishMany([0, 1, 2, 3])
    await world.spy.until(() => world.spy.settled.length >= 5)
    expect(stage.ids).toEqual([])
    await world.pass(3_000)
    const { fields, text } = await logger.line(2)
    expect(fields['rates']).toEqual({ published: 1.7, duplicates: 0, done: 1.3, failed: 0.3, jammed: 0.3 })
    expect(text).toBe(
      'trucks: 0 queued, 0 processing, 1 failed; 1.7/s published (0/s absorbed), 1.3/s done, 0.3/s failed, 0.3/s jammed',
    )
  })

  test('delayed IDs are named when there are some; ages are told in the unit a person would take', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.publish('jams')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    await queue.publishMany(['waits', 'runs'])
    await queue.withdraw('waits')
    await world.die()
    await queue.publish('waits')
    const logger = new Log()
    for (const [i, [ms, age]] of (
      [
        [250, '250 ms'],
        [45_000, '45 s'],
        [7_200_000, '2 h'],
        [400_000_000, '5 d'],
      ] as const
    ).entries()) {
      await world.serverPasses(ms)
      const log = queue.logStats({ logger })
      expect((await logger.line(i + 1)).text).toMatch(
        new RegExp(`0 failed, oldest waiting .*, oldest running ${age};|1 delayed.*oldest running ${age};`),
      )
      await log.close()
    }
    expect(logger.lines[0]?.text).toBe(
      `trucks: 1 queued, 1 delayed, 1 processing, 0 failed, oldest waiting 250 ms, oldest running 250 ms; ${NO_RATES}`,
    )
  })

  test('without a logger the line goes to the console', async () => {
    const world = await kit.world()
    const said = new Promise<unknown[]>((resolve) => {
      const log = vi.spyOn(console, 'log').mockImplementation((...words) => resolve(words))
      onTestFinished(() => log.mockRestore())
    })
    world.queue({ clock: world.clock }).logStats()
    expect(await said).toEqual([`trucks: 0 queued, 0 processing, 0 failed; ${NO_RATES}`])
  })

  test.each([
    [
      'throws',
      (trouble: Error) => {
        throw trouble
      },
    ],
    // Unheard, it would end the process.
    ['rejects', async (trouble: Error) => Promise.reject(trouble)],
  ])('a logger that %s is told as an error and stops nothing', async (_, fail) => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const trouble = new Error('the disk is full')
    const errors: unknown[] = []
    let calls = 0
    const told = new Promise<void>((resolve) => {
      queue.on('error', (error) => {
        errors.push(error)
        if (errors.length === 1) setImmediate(() => world.clock.pass(10_000))
        if (errors.length === 2) resolve()
      })
    })
    queue.logStats({
      logger: {
        info: () => {
          calls++
          return fail(trouble)
        },
      },
    })
    await told
    expect(calls).toBe(2)
    expect(errors).toMatchObject([
      { name: 'ConvoyError', code: 'BAD_HANDLER', cause: trouble },
      { name: 'ConvoyError', code: 'BAD_HANDLER', cause: trouble },
    ])
  })

  test('closing it ends it, with no timer left; closing the queue does too', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const logger = new Log()
    const log = queue.logStats({ logger })
    await logger.line(1)
    await log.close()
    expect(world.clock.pending).toBe(0)
    queue.logStats({ logger })
    await logger.line(2)
    await queue.close()
    await world.pass(60_000)
    expect([logger.lines.length, world.clock.pending]).toEqual([2, 0])
  })
})

test('a line of the log is short, whatever the numbers', async () => {
  const logger = new Log()
  const huge = Number.MAX_SAFE_INTEGER
  const sizes = { queued: huge, delayed: huge, processing: huge, failed: huge, committed: huge, remembered: huge }
  const numbers = { ...sizes, paused: true }
  const ages = { oldestRunning: huge, oldestRunningApproximate: true, oldestWaiting: huge }
  const stopped = new AbortController()
  const totals = (each: number) => Object.fromEntries(TOTALS.map((name) => [name, each])) as unknown as Totals
  const reads = [totals(0), totals(huge)]
  const read = async (): Promise<Stats> => ({ ...numbers, ...ages, totals: reads.shift() ?? totals(huge) })
  const name = 'x'.repeat(128)
  const clock = new ManualClock()
  const onError = (error: unknown): never => expect.unreachable(String(error))
  const logging = logStats({ name, every: 10, logger, clock, signal: stopped.signal, read, onError })
  await logger.line(1)
  clock.pass(10)
  const { text } = await logger.line(2)
  expect(text).toContain('900719925474099')
  expect(text.length).toBeLessThan(500)
  stopped.abort()
  await logging
})
