import { expect, test } from 'vitest'
import { memoryStore, redisStore } from '../../src/index.js'

const url = 'redis://localhost:6379'

test.each([
  [{ url, replyTimeout: 0 }, 'redisStore: replyTimeout: expected a duration from 1 to 3600000, not 0'],
  [{ url, replyTimeout: Number.NaN }, /^redisStore: replyTimeout: expected a duration/],
  [{ url, replyTimeout: Number.POSITIVE_INFINITY }, /^redisStore: replyTimeout: expected a duration/],
  [{ url, replyTimeout: '5s' }, /Did you mean 'PT5S'/],
  [{ url, replyTimout: 100 }, "redisStore: there is no option 'replyTimout'. Did you mean 'replyTimeout'?"],
  [{ url: 5 }, /either url, a text, or client/],
  [{ url, client: {} }, /either url, a text, or client/],
  [undefined, /either url, a text, or client/],
  [url, /^redisStore: expected an object of options/],
])('redisStore(%o) is refused at once', (options, message) => {
  const make = () => redisStore(options as never)
  expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  expect(make).toThrow(message)
})

test('how long an answer is waited for may be said as any duration', () => {
  for (const replyTimeout of [1_500, 'PT1.5S', { seconds: 2 }]) redisStore({ url, replyTimeout })
})

test('memoryStore takes a clock, and nothing by another name', () => {
  const make = () => memoryStore({ now: () => 0 } as object)
  expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  expect(make).toThrow("memoryStore: there is no option 'now'. There are: clock.")
})
