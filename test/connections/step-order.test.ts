import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createQueue, type OpenStore, redisStore } from '../../src/index.js'
import type { Store } from '../../src/store.js'
import { Stage } from '../queue/stage.js'
import { Latch } from '../support/latch.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { closedLater, freshName } from './kit.js'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

/** A store whose answer to the first settlement is late, as when it was lost and is asked for again. */
function lateAnswer(open: OpenStore) {
  const held = new Latch()
  /** Lanes with an unanswered step; a second one in a lane is noted. */
  const flying: number[] = []
  const crossed: number[] = []
  let late = 0
  const store: OpenStore = (place) => {
    const inner = open(place)
    const step: Store['step'] = async (request, patience) => {
      if (flying.includes(request.lane)) crossed.push(request.number)
      flying.push(request.lane)
      let reply = await inner.step(request, patience)
      if (late === 0 && request.settle.length > 0) {
        late = request.number
        await held.wait
        reply = await inner.step(request, patience)
      }
      flying.splice(flying.indexOf(request.lane), 1)
      return reply
    }
    return new Proxy(inner, {
      get(target, name) {
        if (name === 'step') return step
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return { store, crossed, held, late: () => late }
}

test('a step number in any spelling but that of an integer is refused before anything is done, and its lane goes on', async () => {
  const store = redisStore({ url: server.url })({ name: freshName(), prefix: 'convoy', tell() {} })
  onTestFinished(() => store.close())
  const patience = { timeout: 5_000 }
  await store.publish({ ids: ['a'], policy: { processing: 'discard' } }, patience)
  const none = { settle: [], renew: [], started: [], leaving: false, lease: 60_000, keepFailed: 10 }
  const step = (number: unknown, claim: number) =>
    store.step({ ...none, worker: 'w', number: number as number, lane: 0, claim, slots: claim }, patience)
  for (const odd of ['1.0', '1e0', '0x1', ' 1', '-1', '']) {
    await expect(step(odd, 1)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('STALE step'),
    })
  }
  expect(await store.counts(patience)).toMatchObject({ queued: 1, processing: 0 })
  expect(await step(1, 1)).toMatchObject({ ids: ['a'] })
  expect(await step(2, 1)).toMatchObject({ ids: [] })
})

test('a lane with an unanswered step takes no other, and the other lane goes on', async () => {
  const { store, crossed, held, late } = lateAnswer(redisStore({ url: server.url }))
  const queue = closedLater(createQueue(freshName(), { store }))
  const errors: Error[] = []
  queue.on('error', (error) => errors.push(error))
  const stage = new Stage()
  await queue.publishMany(['a', 'b', 'c', 'd'])
  queue.process(stage.handler, { concurrency: 10 })
  await stage.begins(4)
  stage.end('a')
  await until('its settlement is sent', async () => late() > 0)
  for (const [done, id] of ['b', 'c', 'd'].entries()) {
    stage.end(id)
    await until(`${id} is settled`, async () => (await queue.stats()).totals.done === done + 2)
  }
  held.open()
  await queue.idle()
  expect(crossed).toEqual([])
  expect(errors).toEqual([])
  expect((await queue.stats()).totals).toMatchObject({ done: 4, lost: 0 })
})
