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

/** A store whose answer to one step is late, as when it was lost and is asked for again. */
function lateAnswer(open: OpenStore, late: number) {
  const sent: number[] = []
  const answered: number[] = []
  const held = new Latch()
  const store: OpenStore = (place) => {
    const inner = open(place)
    const step: Store['step'] = async (request, patience) => {
      sent.push(request.number)
      let reply = await inner.step(request, patience)
      if (request.number === late) {
        await held.wait
        reply = await inner.step(request, patience)
      }
      answered.push(request.number)
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
  return { store, sent, answered, held }
}

test('a step is sent only once the one two before it was answered: the store could not repeat that answer', async () => {
  const { store, sent, answered, held } = lateAnswer(redisStore({ url: server.url }), 2)
  const queue = closedLater(createQueue(freshName(), { store }))
  const errors: Error[] = []
  queue.on('error', (error) => errors.push(error))
  const stage = new Stage()
  await queue.publishMany(['a', 'b', 'c'])
  queue.process(stage.handler, { concurrency: 10 })
  await stage.begins(3)
  stage.end('a')
  await until('step 2 is sent', async () => sent.includes(2))
  stage.end('b')
  await until('step 3 is answered', async () => answered.includes(3))
  stage.end('c')
  // The worker asks at the end of a tick: a round trip later it would have.
  await queue.stats()
  expect(sent).toEqual([1, 2, 3])
  held.open()
  await queue.idle()
  expect(errors).toEqual([])
  expect((await queue.stats()).totals).toMatchObject({ done: 3, lost: 0 })
})
