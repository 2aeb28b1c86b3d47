import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/events-log/index.js'
import { createQueue, type Queue } from '../../src/index.js'
import { schedules } from '../../src/schedule/index.js'
import { type Child, spawnOther } from '../queue/child-process.js'
import { Latch } from '../support/latch.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

const place = (prefix: string) => ({ store: server.url, prefix })
const child = (role: string, prefix: string): Child => spawnOther(CHILD, role, place(prefix))

function queueAt(prefix: string): Queue {
  const queue = createQueue('trucks', { ...place(prefix), keepResult: 60_000 })
  onTestFinished(() => queue.close())
  return queue
}

test('three processes of ten waits each share one run, and end by themselves', async () => {
  const queue = queueAt('shared')
  const others = [child('waits', 'shared'), child('waits', 'shared'), child('waits', 'shared')]
  await Promise.all(others.map((one) => one.says(/^ready/)))
  const all = new Latch(30)
  const count = (): void => all.countDown()
  const ears = await listen(queue, { queued: count, duplicate: count })
  for (const one of others) one.tell('go')
  await all.wait
  let runs = 0
  let epoch = 0
  queue.process((job) => {
    runs++
    epoch = job.epoch
    return 'once'
  })
  for (const one of others) expect(await one.says(/^results/)).toBe(`results once ${epoch}`)
  expect(await Promise.all(others.map((one) => one.ends()))).toEqual([0, 0, 0])
  expect(runs).toBe(1)
  await ears.close()
})

test('two processes tick: a slot is one run; when one of them is killed, the other goes on', async () => {
  const queue = queueAt('ticks')
  const [one, two] = [child('ticks', 'ticks'), child('ticks', 'ticks')]
  await Promise.all([one.says(/^ticks/), two.says(/^ticks/)])
  const [first] = await schedules(queue)
  const begun = first?.last.getTime() ?? 0
  const slots: number[] = []
  const [three, five] = [new Latch(3), new Latch(5)]
  queue.process(async () => {
    // Told by the schedule: the slot that this run is for.
    const [now] = await schedules(queue)
    slots.push(now?.last.getTime() ?? 0)
    three.countDown()
    five.countDown()
  })
  await three.wait
  expect(await one.kill('SIGKILL')).toBe('SIGKILL')
  await five.wait
  expect(new Set(slots).size).toBe(slots.length)
  expect(slots.map((slot) => (slot - begun) % 1_000)).toEqual(slots.map(() => 0))
  const { published } = (await queue.stats()).totals
  const [now] = await schedules(queue)
  expect(published).toBeLessThanOrEqual(((now?.last.getTime() ?? 0) - begun) / 1_000 + 1)
  expect(two.lines).toEqual(['ticks'])
})

test('what a worker of another process does is heard in a third', async () => {
  const queue = queueAt('heard')
  const ears = child('listens', 'heard')
  await ears.says(/^listens/)
  queue.process(() => {})
  await queue.publish('a')
  await ears.says(/^done a/)
})
