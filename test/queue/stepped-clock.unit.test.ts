import { expect, test } from 'vitest'
import {
  createQueue,
  memoryStore,
  type Queue,
  type QueueOptions,
  type SteppedClock,
  steppedClock,
} from '../../src/index.js'

function world(options: QueueOptions = {}): { time: SteppedClock; queue: Queue; ran: string[] } {
  const time = steppedClock('2030-01-01T00:00:00Z')
  const queue = createQueue('trucks', { store: memoryStore({ clock: time }), clock: time, ...options })
  return { time, queue, ran: [] }
}

test('a delayed job runs when its time has come, and not a millisecond sooner', async () => {
  const { time, queue, ran } = world()
  queue.process(({ id }) => ran.push(id))
  expect(await queue.publish('a', { delay: 'PT1H' })).toMatchObject({ dueAt: new Date('2030-01-01T01:00:00Z') })
  await time.advance(3_599_999)
  expect(ran).toEqual([])
  await time.advance(1)
  expect(ran).toEqual(['a'])
  expect(time.now()).toBe(Date.parse('2030-01-01T01:00:00Z'))
  await queue.close()
})

test.each([
  { jobs: 1_000, concurrency: 100, prefetch: 0 },
  { jobs: 2_000, concurrency: 50, prefetch: 0 },
  { jobs: 300, concurrency: 10, prefetch: 100 },
])(
  'all that is due has run when time has been stepped: $jobs jobs, $concurrency at once, $prefetch ahead',
  async (size) => {
    const { time, queue, ran } = world()
    const { jobs, ...settings } = size
    queue.process(({ id }) => ran.push(id), settings)
    await time.advance(10)
    await queue.publishMany(Array.from({ length: jobs }, (_, n) => ({ id: `${n}`, delay: 1_000 })))
    await time.advance(2_000)
    expect(ran).toHaveLength(jobs)
    await queue.close()
  },
)

test('a job that takes hours keeps its lease while time is stepped, whatever the guard does', async () => {
  const { time, queue } = world({ lease: 30_000 })
  let end = (): void => {}
  queue.process(() => new Promise<void>((resolve) => (end = resolve)))
  queue.jamGuard({ every: 5_000 })
  await queue.publish('long')
  await time.advance('PT2H')
  expect(await queue.inspect('long')).toMatchObject({ state: 'processing', jams: 0 })
  end()
  await time.advance(0)
  expect((await queue.stats()).totals).toMatchObject({ done: 1, jammed: 0 })
  await queue.close()
})

test('what falls due on the way happens at its moment, in order', async () => {
  const { time, queue, ran } = world()
  const began = time.now()
  queue.process(({ id }) => ran.push(`${id} at ${time.now() - began}`), { concurrency: 3 })
  await queue.publishMany([
    { id: 'c', delay: 3_000 },
    { id: 'a', delay: 1_000 },
    { id: 'b', runAt: began + 2_000 },
  ])
  await time.advance('PT1M')
  expect(ran.map((line) => line.replace(/\d{3}$/, ''))).toEqual(['a at 1', 'b at 2', 'c at 3'])
  await queue.close()
})

test('it begins where it is told to, and refuses what is no time', async () => {
  expect(steppedClock(5).now()).toBe(5)
  expect(() => steppedClock('soon')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  await expect(steppedClock().advance(-1)).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
