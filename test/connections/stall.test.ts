import { expect, test } from 'vitest'
import { type ConvoyError, createQueue, redisStore } from '../../src/index.js'
import type { RedisServer } from '../support/redis-server.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { closedLater, freshName, News, proxyHere, serverHere } from './kit.js'

const LEASE = 3_000
const TCP = { port: 'tcp' } as const

interface Told {
  readonly what: string
  readonly at: number
}

/** A worker whose handler stops when its signal says so, and another process that would take its jobs over. */
async function twoWorkers(server: RedisServer, proxy: TcpProxy) {
  const name = freshName()
  const told: Told[] = []
  const tell = (what: string): number => told.push({ what, at: performance.now() })
  const open = (url: string) =>
    closedLater(createQueue(name, { store: redisStore({ url, replyTimeout: 1_000 }), lease: LEASE }))
  const cut = open(proxy.url)
  const errors: ConvoyError[] = []
  cut.on('error', (error) => errors.push(error))
  cut.process(({ signal }) => {
    if (tell('first begins') > 1) return
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        tell(`first stops: ${signal.reason.code}`)
        reject(signal.reason)
      })
    })
  })
  const other = open(server.url)
  other.jamGuard({ every: 100 })
  await cut.publish('a')
  await until('it runs', async () => told.length === 1)
  const takeOver = (): void => {
    other.process(() => {
      tell('second begins')
    })
  }
  return { name, told, errors, other, takeOver, news: new News(cut), said: () => told.map(({ what }) => what) }
}

test.each([
  ['into a black hole', (proxy: TcpProxy) => proxy.blackHole()],
  ['whose replies alone are swallowed', (proxy: TcpProxy) => proxy.swallowReplies()],
])(
  'a worker %s stops its handler before the job is handed on; told as STALLED; its connection is replaced, and it goes on',
  async (_, fault) => {
    const server = await serverHere(TCP)
    const proxy = await proxyHere(server)
    const { told, errors, other, takeOver, news, said } = await twoWorkers(server, proxy)
    const before = proxy.accepted
    fault(proxy)
    takeOver()
    await until('it was handed on', async () => said().includes('second begins'))
    expect(said()).toEqual(['first begins', 'first stops: LEASE_LAPSED', 'second begins'])
    // A tenth of a lease was left to it.
    expect(Number(told[2]?.at) - Number(told[1]?.at)).toBeGreaterThan(LEASE / 10 - 150)
    await other.idle()
    expect(errors.map(({ code }) => code)).toContain('STALLED')
    expect(proxy.accepted).toBeGreaterThan(before)
    await proxy.pass()
    await news.heard('resumed')
    expect(news.told.slice(0, 2)).toEqual(['suspended', 'resumed'])
    await other.publish('b')
    await other.idle()
    expect((await other.stats()).totals).toMatchObject({ done: 2, failed: 0 })
  },
)

test('a Redis that is stopped for longer than a lease: the handler is told in time, and the job runs again', async () => {
  const server = await serverHere(TCP)
  const proxy = await proxyHere(server)
  const { other, said, takeOver } = await twoWorkers(server, proxy)
  const began = performance.now()
  server.pause()
  await until('it was told', async () => said().includes('first stops: LEASE_LAPSED'))
  const took = performance.now() - began
  // Renewed up to a third of a lease before the stop.
  expect(took).toBeGreaterThan(LEASE * (9 / 10 - 1 / 3) - 150)
  expect(took).toBeLessThan(LEASE)
  server.resume()
  takeOver()
  await other.idle()
  expect((await other.stats()).totals).toMatchObject({ done: 1, failed: 0, left: 1 })
})

test('a worker that idles behind a server that hangs is told as STALLED, though nothing is due to be renewed', async () => {
  const server = await serverHere(TCP)
  const queue = closedLater(createQueue(freshName(), { store: redisStore({ url: server.url }), lease: LEASE }))
  const errors: ConvoyError[] = []
  queue.on('error', (error) => errors.push(error))
  queue.process(() => {})
  await queue.ready()
  await queue.publish('a')
  await queue.idle()
  server.pause()
  // Its look-in after 5 s finds nobody.
  await until('it was told', async () => errors.some(({ code }) => code === 'STALLED'))
  server.resume()
  await queue.publish('b')
  await queue.idle()
})
