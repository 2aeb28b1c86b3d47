import { afterAll, beforeAll, expect, test } from 'vitest'
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
