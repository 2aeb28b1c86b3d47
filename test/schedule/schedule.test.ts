import { expect, test } from 'vitest'
import { ConvoyError, type Queue } from '../../src/index.js'
import { every, schedules, unschedule } from '../../src/schedule/index.js'
import type { Control, OpenStore } from '../../src/store.js'
import { onBothStores, type World } from '../queue/kit.js'
import { SlowClock } from './slow-clock.js'

const MINUTE = 60_000
const at = (text: string): Date => new Date(text)

/** Processes that tick, each with timers of its own, all of which the test lets pass. */
class Tickers {
  readonly world: World
  readonly clocks: SlowClock[] = []

  constructor(world: World) {
    this.world = world
  }

  queue(store: OpenStore = this.world.spy.over(this.world.open)): Queue {
    const clock = new SlowClock()
    this.clocks.push(clock)
    return this.world.queue({ clock, store })
  }

  /** Everything passes so many ms; resolves once every process that was asleep has looked and sleeps again. */
  async pass(ms: number): Promise<void> {
    await Promise.all(this.clocks.map((clock) => clock.sleeps()))
    await this.world.serverPasses(ms)
    for (const clock of this.clocks) clock.pass(ms)
    await Promise.all(this.clocks.map((clock) => clock.sleeps()))
  }

  async passTo(time: string): Promise<void> {
    await this.pass(at(time).getTime() - this.world.now)
  }

  /** One that was closed has no timers any more. */
  gone(clock: SlowClock | undefined): void {
    expect(clock?.pending).toBe(0)
    this.clocks.splice(this.clocks.indexOf(clock as SlowClock), 1)
  }
}

/** The slots published so far: each takes the ID out, so that the next is seen. */
async function published(queue: Queue, id = 'a'): Promise<number> {
  await queue.withdraw(id)
  return (await queue.stats()).totals.published
}

onBothStores((kit) => {
  test('at intervals, once each over all processes, by the clock of the server', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const [one, two, three] = [tickers.queue(), tickers.queue(), tickers.queue()]
    await every(one, 'a', 'PT5M')
    await world.serverPasses(MINUTE)
    await every(two, 'a', 5 * MINUTE)
    await every(three, 'a', { minutes: 5 })
    const look = world.queue()
    await tickers.pass(4 * MINUTE - 1)
    expect(await published(look)).toBe(0)
    await tickers.pass(1)
    expect(await published(look)).toBe(1)
    await tickers.pass(5 * MINUTE - 1)
    expect(await published(look)).toBe(1)
    for (let slot = 2; slot <= 5; slot++) {
      await tickers.pass(slot === 2 ? 1 : 5 * MINUTE)
      expect(await published(look)).toBe(slot)
    }
    expect((await look.stats()).totals.duplicates).toBe(0)
  })

  test('what was missed while all were away is one run, and the slots stay where they were', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const first = tickers.queue()
    await every(first, 'a', 'PT5M')
    await tickers.pass(5 * MINUTE)
    await first.close()
    tickers.gone(tickers.clocks[0])
    await world.serverPasses(17 * MINUTE)
    await every(tickers.queue(), 'a', 'PT5M')
    await tickers.clocks[0]?.sleeps()
    const look = world.queue()
    expect(await published(look)).toBe(2)
    // Whoever comes after finds nothing that was missed.
    await every(tickers.queue(), 'a', 'PT5M')
    await tickers.clocks[1]?.sleeps()
    expect(await published(look)).toBe(2)
    await tickers.pass(3 * MINUTE - 1)
    expect(await published(look)).toBe(2)
    await tickers.pass(1)
    expect(await published(look)).toBe(3)
  })

  test('a process whose clock runs ahead is not early', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    await every(tickers.queue(), 'a', 'PT1M')
    const [clock] = tickers.clocks
    await clock?.sleeps()
    await world.serverPasses(MINUTE - 1)
    clock?.pass(MINUTE)
    await clock?.sleeps()
    const look = world.queue()
    expect(await published(look)).toBe(0)
    await tickers.pass(1)
    expect(await published(look)).toBe(1)
  })

  test('by cron in a time zone, over the change of clocks in spring and in autumn', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    await world.serverPasses(at('2026-03-28T00:00:00Z').getTime() - world.now)
    await every(tickers.queue(), 'a', '0  9 * * *', { timeZone: 'Europe/Berlin' })
    await every(tickers.queue(), 'night', '30 2 * * *', { timeZone: 'Europe/Berlin' })
    const look = world.queue()
    const next = async () =>
      Object.fromEntries((await schedules(look)).map(({ id, next }) => [id, next?.toISOString()]))
    expect(await next()).toEqual({ a: '2026-03-28T08:00:00.000Z', night: '2026-03-28T01:30:00.000Z' })
    await tickers.passTo('2026-03-28T08:00:00Z')
    // Half past two is skipped: it comes as the clocks go on, at three.
    expect(await next()).toEqual({ a: '2026-03-29T07:00:00.000Z', night: '2026-03-29T01:00:00.000Z' })
    expect((await look.stats()).totals.published).toBe(2)
    await tickers.passTo('2026-10-24T21:00:00Z')
    // It comes twice: once is enough.
    expect(await next()).toEqual({ a: '2026-10-25T08:00:00.000Z', night: '2026-10-25T00:30:00.000Z' })
    await tickers.passTo('2026-10-25T00:30:00Z')
    expect(await next()).toMatchObject({ night: '2026-10-26T01:30:00.000Z' })
  })

  test('the last call says what holds for all, and others hear of it at their next slot', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    await every(tickers.queue(), 'a', 'PT5M')
    await tickers.pass(MINUTE)
    const other = tickers.queue()
    await every(other, 'a', 'PT2M')
    const look = world.queue()
    await tickers.pass(2 * MINUTE)
    expect(await published(look)).toBe(1)
    await tickers.pass(2 * MINUTE)
    expect(await published(look)).toBe(2)
    await other.close()
    tickers.gone(tickers.clocks[1])
    // The first has looked at five minutes, and goes by the new text.
    await tickers.pass(2 * MINUTE)
    expect(await published(look)).toBe(3)
  })

  test('called again in one process, it ticks once', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const queue = tickers.queue()
    await every(queue, 'a', 'PT5M')
    await tickers.clocks[0]?.sleeps()
    const second = await every(queue, 'a', 'PT1M')
    await tickers.pass(MINUTE)
    expect(await published(world.queue())).toBe(1)
    await second.close()
    expect(tickers.clocks[0]?.pending).toBe(0)
  })

  test('taken out, it is gone for all processes, and no timer is left', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const [here, there] = [tickers.queue(), tickers.queue()]
    const told: string[] = []
    for (const [name, queue] of Object.entries({ here, there })) {
      queue.on('error', ({ code, message }) => told.push(`${name}: ${code} ${/'\w'/.exec(message)}`))
    }
    await every(here, 'a', 'PT5M')
    await every(there, 'a', 'PT5M')
    await every(there, 'b', '@daily')
    await Promise.all([tickers.clocks[0]?.sleeps(), tickers.clocks[1]?.sleeps(2)])
    expect(await unschedule(here, 'a')).toBe(true)
    expect(await unschedule(here, 'a')).toBe(false)
    expect(tickers.clocks[0]?.pending).toBe(0)
    expect(await schedules(here)).toMatchObject([{ id: 'b', cron: '@daily', timeZone: 'UTC' }])
    const look = world.queue()
    await world.serverPasses(5 * MINUTE)
    tickers.clocks[1]?.pass(5 * MINUTE)
    // Its own look was before this one.
    await schedules(there)
    expect(tickers.clocks[1]?.pending).toBe(1)
    expect(told).toEqual(["there: SCHEDULE_GONE 'a'"])
    await unschedule(there, 'b')
    await there.close()
    expect(tickers.clocks[1]?.pending).toBe(0)
    expect(await published(look)).toBe(0)
    expect(told).toHaveLength(1)
  })

  test('closing stops this process alone', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const one = await every(tickers.queue(), 'a', 'PT1M')
    const two = await every(tickers.queue(), 'a', 'PT1M')
    await Promise.all(tickers.clocks.map((clock) => clock.sleeps()))
    await one.close()
    tickers.gone(tickers.clocks[0])
    await tickers.pass(MINUTE)
    const look = world.queue()
    expect(await published(look)).toBe(1)
    await two.close()
    tickers.gone(tickers.clocks[0])
    expect(await schedules(look)).toEqual([
      { id: 'a', every: MINUTE, last: new Date(world.now), next: new Date(world.now + MINUTE) },
    ])
  })

  test('each publish brings what the call said', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const queue = tickers.queue() as unknown as Queue<{ rows: number }>
    await every(queue, 'a', 'PT1M', { payload: { rows: 7 }, priority: 'high' })
    await tickers.pass(MINUTE)
    expect(await queue.inspect('a')).toMatchObject({ state: 'queued', payload: { rows: 7 }, priority: 10 })
  })

  test('a slot that finds the queue full comes as soon as there is room', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    const clock = new SlowClock()
    tickers.clocks.push(clock)
    const queue = world.queue({ clock, maxLength: 1 })
    await queue.publish('filler')
    await every(queue, 'a', 'PT1M')
    await tickers.pass(MINUTE)
    expect((await queue.inspect('a')).state).toBe('absent')
    await queue.withdraw('filler')
    await tickers.pass(1_000)
    expect((await queue.inspect('a')).state).toBe('queued')
  })

  test('while the server is away it waits, and says nothing; what else is wrong it tells, and goes on', async () => {
    const world = await kit.world()
    const tickers = new Tickers(world)
    let fault: ConvoyError | undefined
    const odd: OpenStore = (place) => {
      const store = world.open(place)
      const control = store.control.bind(store)
      store.control = async (order: Control, patience) => {
        if (fault && order.order === 'schedules') throw fault
        return control(order, patience)
      }
      return store
    }
    const queue = tickers.queue(odd)
    const errors: ConvoyError[] = []
    queue.on('error', (error) => errors.push(error))
    await every(queue, 'a', 'PT1M')
    fault = new ConvoyError('UNAVAILABLE')
    await tickers.pass(MINUTE)
    await tickers.pass(1_000)
    expect(errors).toEqual([])
    fault = new ConvoyError('AUTH_FAILED')
    await tickers.pass(1_000)
    expect(errors).toEqual([fault])
    fault = undefined
    await tickers.pass(30_000)
    expect(await published(world.queue())).toBe(1)
  })

  test('what is no schedule is refused, and nothing is stored', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const bad = (when: unknown, options?: object, id = 'a'): Promise<unknown> =>
      every(queue, id, when as string, options as never)
    const code = 'BAD_OPTION'
    await expect(bad('5m')).rejects.toThrow("Did you mean 'PT5M'?")
    await expect(bad('PT0.5S')).rejects.toMatchObject({ code })
    await expect(bad(999)).rejects.toThrow('at least a second')
    await expect(bad(250_000_000_000_001)).rejects.toThrow('at most 250000000000000 ms')
    await expect(bad(Number.POSITIVE_INFINITY)).rejects.toMatchObject({ code })
    await expect(bad(undefined)).rejects.toMatchObject({ code })
    await expect(bad('61 * * * *')).rejects.toMatchObject({ code })
    await expect(bad('* * * *')).rejects.toMatchObject({ code })
    await expect(bad('* * * * * * *')).rejects.toMatchObject({ code })
    await expect(bad('@often')).rejects.toMatchObject({ code })
    await expect(bad('2026-01-01 00:00:00')).rejects.toMatchObject({ code })
    await expect(bad('0 0 30 2 *')).rejects.toThrow('never comes')
    await expect(bad('0 9 * * *', { timeZone: 'Mars/Base' })).rejects.toThrow('Mars/Base')
    await expect(bad('0 9 * * *', { timeZone: 7 })).rejects.toMatchObject({ code })
    await expect(bad('PT5M', { timeZone: 'Europe/Berlin' })).rejects.toThrow('only with a cron text')
    await expect(bad('PT5M', { timezone: 'Europe/Berlin' })).rejects.toThrow("Did you mean 'timeZone'?")
    await expect(bad('PT5M', { delay: 5 })).rejects.toMatchObject({ code })
    await expect(bad('PT5M', { priority: 'urgent' })).rejects.toMatchObject({ code })
    await expect(bad('PT5M', { payload: 1n })).rejects.toMatchObject({ code: 'BAD_PAYLOAD' })
    await expect(bad('PT5M', {}, '')).rejects.toMatchObject({ code: 'BAD_ID' })
    await expect(every({} as Queue, 'a', 'PT5M')).rejects.toMatchObject({ code })
    expect(await schedules(queue)).toEqual([])
    expect((await queue.stats()).totals.published).toBe(0)
  })
})
