import { expect, onTestFinished, test } from 'vitest'
import { createQueue, memoryStore, type Queue, type SteppedClock, steppedClock } from '../../src/index.js'
import { every, schedules, unschedule } from '../../src/schedule/index.js'
import type { Control, OpenStore } from '../../src/store.js'
import { Latch } from '../support/latch.js'
import { SlowClock } from './slow-clock.js'

const PATIENCE = { timeout: 1_000 }

interface Counted {
  readonly store: OpenStore
  /** Orders so far, of one kind. */
  readonly orders: (order: Control['order']) => number
  /** Those that change a schedule are answered once it is open. */
  answer: Latch
}

function counted(open: OpenStore): Counted {
  const heard: Control[] = []
  const it: Counted = {
    store: (place) => {
      const store = open(place)
      const control = store.control.bind(store)
      store.control = async (order, patience) => {
        heard.push(order)
        const reply = await control(order, patience)
        if (order.order === 'schedule') await it.answer.wait
        return reply
      }
      return store
    },
    orders: (order) => heard.filter((one) => one.order === order).length,
    answer: new Latch(0),
  }
  return it
}

interface Yard {
  readonly clock: SteppedClock
  /** One more process. */
  readonly queue: () => Queue<string>
  readonly counted: Counted
  /** Writes a schedule down past all processes, or takes it out. */
  readonly write: (id: string, text: string | null) => Promise<unknown>
}

function yard(): Yard {
  const clock = steppedClock('2026-01-01T00:00:00Z')
  const open = memoryStore({ clock })
  const bare = open({ name: 'a', prefix: 'convoy', tell: () => {} })
  const it = counted(open)
  return {
    clock,
    queue: () => {
      const queue = createQueue<string>('a', { store: it.store, clock })
      onTestFinished(() => queue.close())
      return queue
    },
    counted: it,
    write: (id, text) => bare.control({ order: 'schedule', id, text, slot: clock.now() }, PATIENCE),
  }
}

/** What a process tells of errors. */
function told(queue: Queue<string>): string[] {
  const codes: string[] = []
  queue.on('error', ({ code }) => codes.push(code))
  return codes
}

test('a schedule that the server lost is told once, and may be written anew', async () => {
  const { clock, queue, write } = yard()
  const one = queue()
  const errors = told(one)
  await every(one, 'a', 'PT1M', { payload: '' })
  await write('a', null)
  await clock.advance('PT3M')
  expect(errors).toEqual(['SCHEDULE_GONE'])
  expect((await one.stats()).totals.published).toBe(0)
  await every(one, 'a', 'PT1M', { payload: '' })
  await clock.advance('PT1M')
  expect((await one.stats()).totals.published).toBe(1)
  expect(errors).toHaveLength(1)
})

test('who takes a schedule out is not told that it is gone, even where its ticker looks before the answer is there', async () => {
  const { clock, queue, counted } = yard()
  const [one, other] = [queue(), queue()]
  const errors = [told(one), told(other)]
  for (const each of [one, other]) await every(each, 'a', 'PT1M', { payload: '' })
  counted.answer = new Latch()
  const taken = unschedule(one, 'a')
  await clock.advance('PT1M')
  counted.answer.open()
  expect(await taken).toBe(true)
  await clock.advance('PT1M')
  expect(errors).toEqual([[], ['SCHEDULE_GONE']])
})

test('one that was closed is told nothing', async () => {
  const { clock, queue, write } = yard()
  const one = queue()
  const errors = told(one)
  const life = await every(one, 'a', 'PT1M', { payload: '' })
  await life.close()
  await write('a', null)
  await clock.advance('PT3M')
  expect(errors).toEqual([])
})

test('what is due in one turn looks together', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  // Its timers go off in one turn, as those of a process do.
  const clock = new SlowClock()
  const { store, orders } = counted(memoryStore({ clock: () => now }))
  const queue = createQueue('a', { store, clock })
  onTestFinished(() => queue.close())
  await Promise.all(Array.from({ length: 100 }, (_, i) => every(queue, `${i}`, '* * * * *')))
  await clock.sleeps(100)
  const before = orders('schedules')
  now += 60_000
  clock.pass(60_000)
  await clock.sleeps(100)
  expect((await queue.stats()).totals.published).toBe(100)
  expect(orders('schedules') - before).toBe(1)
})

test('the last call says when; each process brings what its own call said', async () => {
  const { clock, queue } = yard()
  const [one, other] = [queue(), queue()]
  await every(one, 'a', 'PT1M', { payload: 'one' })
  await clock.advance('PT30S')
  await every(other, 'a', 'PT2M', { payload: 'other' })
  await clock.advance('PT2M')
  expect((await one.inspect('a')).payload).toBe('other')
  await other.close()
  await one.withdraw('a')
  await clock.advance('PT2M')
  expect(await schedules(one)).toMatchObject([{ id: 'a', every: 120_000 }])
  expect((await one.inspect('a')).payload).toBe('one')
})

test('the longest interval has a next slot, and one that no call has written is not read', async () => {
  const { clock, queue, write } = yard()
  const one = queue()
  await every(one, 'long', 250_000_000_000_000, { payload: '' })
  await write('odd', `every ${Number.MAX_SAFE_INTEGER}`)
  expect(await schedules(one)).toEqual([
    {
      id: 'long',
      every: 250_000_000_000_000,
      last: new Date(clock.now()),
      next: new Date(clock.now() + 250_000_000_000_000),
    },
    { id: 'odd', last: new Date(clock.now()), next: null },
  ])
})
