import { beforeEach, expect, test } from 'vitest'
import type { RedisServer } from '../support/redis-server.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { callOf, failureOf, keyIn, News, proxyHere, queueAt, serverHere } from './kit.js'

let server: RedisServer
let proxy: TcpProxy

beforeEach(async () => {
  server = await serverHere({ port: 'tcp' })
  proxy = await proxyHere(server)
})

test('a publish that was never sent rejects with UNAVAILABLE after publishTimeout: nothing has happened', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  const news = new News(queue)
  await queue.ready()
  await queue.publish('a')
  await proxy.refuse()
  await news.heard('suspended')
  const began = performance.now()
  const error = await failureOf(queue.publish('b'))
  expect(error).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`no connection to 127.0.0.1:${proxy.port}`),
  })
  expect(performance.now() - began).toBeGreaterThan(295)
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(await server.cli('LRANGE', keyIn(queue, 'queued'), 0, -1)).toEqual(['a'])
})

test('a first publish to a server that is away takes publishTimeout in all, not once for each question', async () => {
  await proxy.refuse()
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  const began = performance.now()
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  expect(performance.now() - began).toBeLessThan(580)
})

test('a publish that may have happened rejects with OUTCOME_UNKNOWN, also when the server never comes back', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 400 })
  await queue.ready()
  await queue.publish('a')
  const lost = proxy.dropReply(callOf(queue, 'publish'))
  const publish = failureOf(queue.publish('b'))
  await lost
  await proxy.refuse()
  const error = await publish
  // It came through again before the door was shut, or it did not: an answer, or an honest unknown.
  if (error !== undefined) expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect(await server.cli('LRANGE', keyIn(queue, 'queued'), 0, -1)).toEqual(['a', 'b'])
})

test('a publish into a black hole rejects with OUTCOME_UNKNOWN, and the server may yet hear it', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  await queue.ready()
  await queue.publish('a')
  proxy.blackHole()
  expect(await failureOf(queue.publish('b'))).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringMatching(/sent, but not answered/),
  })
  await proxy.pass()
  expect(await queue.publish('c')).toMatchObject({ outcome: 'queued' })
})

test('a first call whose check meets a black hole was not sent: UNAVAILABLE, whatever call it is', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  await queue.ready()
  proxy.blackHole()
  const calls = [
    queue.publish('a'),
    queue.publishMany(['b', 'c']),
    queue.publishMany(
      (async function* () {
        yield 'd'
      })(),
    ),
    queue.publish('e', { waitForRoom: 100 }),
    queue.withdraw('a'),
    queue.retry('all'),
    queue.clear(),
    queue.pause(),
    queue.stats(),
  ]
  for (const error of await Promise.all(calls.map(failureOf))) {
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/^not sent/) })
  }
  await proxy.pass()
  expect(await queue.publish('z')).toMatchObject({ outcome: 'queued' })
  expect(await server.cli('LRANGE', keyIn(queue, 'queued'), 0, -1)).toEqual(['z'])
})

test('a first call whose check is done but not answered is UNAVAILABLE too', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  await queue.ready()
  const check = proxy.meet('EVALSHA_RO')
  proxy.swallowReplies()
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  await check
  await proxy.pass()
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
})

test('calls of little patience alone still find out that a server hangs: the wire is replaced', async () => {
  const queue = queueAt({ url: proxy.url, replyTimeout: 300 }, { publishTimeout: 150 })
  const news = new News(queue)
  await queue.ready()
  await queue.publish('a')
  server.pause()
  expect(await failureOf(queue.publish('b'))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  await news.heard('suspended')
  server.resume()
  await news.heard('resumed')
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('a publish goes through when the server comes back in time', async () => {
  const queue = queueAt({ url: proxy.url })
  const news = new News(queue)
  await queue.publish('a')
  await proxy.refuse()
  await news.heard('suspended')
  const publish = queue.publish('b')
  await proxy.pass()
  expect(await publish).toEqual({ id: 'b', outcome: 'queued', was: 'absent', guaranteed: true })
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('an outage is told once, however many calls and dials fail meanwhile', async () => {
  const queue = queueAt({ url: proxy.url }, { publishTimeout: 300 })
  const news = new News(queue)
  queue.process(() => {})
  await queue.ready()
  await proxy.refuse()
  await news.heard('suspended')
  for (let i = 0; i < 3; i++) await failureOf(queue.publish(i))
  await proxy.pass()
  await news.heard('resumed')
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('ready() of a host that never answers gives up at its deadline and names it', async () => {
  proxy.blackHole()
  const queue = queueAt({ url: proxy.url })
  const began = performance.now()
  const error = await failureOf(queue.ready({ timeout: 300 }))
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(error).toMatchObject({
    code: 'UNAVAILABLE',
    message: `no connection to 127.0.0.1:${proxy.port} within 300 ms`,
  })
})

test('ready() ends when its signal is aborted', async () => {
  await proxy.refuse()
  const queue = queueAt({ url: proxy.url })
  const controller = new AbortController()
  const ready = failureOf(queue.ready({ signal: controller.signal }))
  controller.abort()
  expect(await ready).toMatchObject({ code: 'ABORTED' })
})

test('ready() and idle() end when their signal is aborted, also where a server hangs that was there', async () => {
  const queue = queueAt({ url: proxy.url })
  await queue.stats()
  proxy.blackHole()
  const controller = new AbortController()
  const { signal } = controller
  const began = performance.now()
  const both = Promise.all([failureOf(queue.ready({ timeout: 20_000, signal })), failureOf(queue.idle({ signal }))])
  controller.abort()
  expect(await both).toMatchObject([{ code: 'ABORTED' }, { code: 'ABORTED' }])
  expect(performance.now() - began).toBeLessThan(1_000)
  await proxy.pass()
})
