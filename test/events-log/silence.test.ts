import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/events-log/index.js'
import type { Queue } from '../../src/index.js'
import { publishAndWait } from '../../src/wait/index.js'
import { freshName, keyIn, proxyHere, queueAt, serverHere } from '../connections/kit.js'
import { ManualClock } from '../queue/manual-clock.js'
import { ALL_RULES } from '../support/access.js'
import type { RedisServer } from '../support/redis-server.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'

// A subscription asks nothing: a wire that goes dumb beneath it, as by a firewall that forgets it, tells nobody.

const REPLY = 1_000
/** ms that pass at each look: what a process does between two timers is done by then. */
const STEP = 50

async function listening(queue: Queue): Promise<string[]> {
  const told: string[] = []
  const ears = await listen(queue, { queued: ({ ids }) => told.push(...ids), gap: () => told.push('gap') })
  onTestFinished(() => ears.close())
  return told
}

/** ms of the process's clock until it is so; the server has all the time it wants. */
async function passUntil(clock: ManualClock, what: string, ask: () => Promise<boolean>): Promise<number> {
  const from = clock.now()
  await until(what, async () => {
    if (await ask()) return true
    clock.pass(STEP)
    return false
  })
  return clock.now() - from
}

/** The subscription alone goes dumb: it is told within twice the time an answer may take, and messages come again. */
async function survive(clock: ManualClock, queue: Queue, proxy: TcpProxy): Promise<void> {
  const told = await listening(queue)
  await queue.publish('before')
  await until('it is heard', async () => told.includes('before'))
  expect(proxy.blackHoleOf('SSUBSCRIBE')).toBe(1)
  await queue.publish('unheard')
  const took = await passUntil(clock, 'the gap is told', async () => told.includes('gap'))
  expect(took).toBeGreaterThanOrEqual(REPLY)
  // A first dial comes after 25 ms at most.
  expect(took).toBeLessThanOrEqual(2 * REPLY + 4 * STEP)
  await queue.publish('after')
  await until('messages come again', async () => told.includes('after'))
  expect(told).toEqual(['before', 'gap', 'after'])
}

const pings = async (server: RedisServer): Promise<number> =>
  Number(/cmdstat_ping:calls=(\d+)/.exec(await server.cli('INFO', 'commandstats'))?.[1] ?? 0)

test('a subscription that goes dumb is noticed, and what was missed is told', async () => {
  const clock = new ManualClock()
  const proxy = await proxyHere(await serverHere())
  await survive(clock, queueAt({ url: proxy.url, replyTimeout: REPLY, clock }), proxy)
})

test.each([2, 3] as const)('so is one over a client of the caller that speaks RESP %s', async (RESP) => {
  const clock = new ManualClock()
  const proxy = await proxyHere(await serverHere())
  const client = createClient({ url: proxy.url, RESP })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  await survive(clock, queueAt({ client, replyTimeout: REPLY, clock }), proxy)
})

test('whoever waits for a job hears of it over another', async () => {
  const clock = new ManualClock()
  const server = await serverHere()
  const proxy = await proxyHere(server)
  const name = freshName()
  const queue = queueAt({ url: proxy.url, replyTimeout: REPLY, clock }, { name, keepResult: 60_000 })
  const wait = publishAndWait(queue, 'a', { timeout: 60_000 })
  const channel = `${keyIn(queue, 'events')}:0`
  const ears = async (): Promise<number> => Number((await server.cli<unknown[]>('PUBSUB', 'SHARDNUMSUB', channel))[1])
  await until('it is subscribed', async () => (await ears()) === 1)
  expect(proxy.blackHoleOf('SSUBSCRIBE')).toBe(1)
  // The server has not noticed the first.
  const took = await passUntil(clock, 'it is subscribed anew', async () => (await ears()) === 2)
  expect(took).toBeLessThanOrEqual(2 * REPLY + 4 * STEP)
  queueAt({ url: server.url }, { name, keepResult: 60_000 }).process(() => 'done')
  expect(await wait).toMatchObject({ result: 'done' })
})

test('the other connection is replaced soon after a new subscription: that is seen, and what was missed is told', async () => {
  const clock = new ManualClock()
  const server = await serverHere()
  const proxy = await proxyHere(server)
  const queue = queueAt({ url: proxy.url, replyTimeout: REPLY, clock })
  const told = await listening(queue)
  const gaps = (): number => told.filter((one) => one === 'gap').length
  expect(proxy.blackHoleOf('SSUBSCRIBE')).toBe(1)
  await passUntil(clock, 'the gap is told', async () => gaps() === 1)
  await queue.publish('between')
  await until('messages come again', async () => told.includes('between'))
  // Its subscription stays, as when a master became a replica under it.
  await server.cli('CLIENT', 'KILL', 'TYPE', 'normal')
  let answered = false
  void queue.publish('after').then(() => (answered = true))
  await passUntil(clock, 'it is replaced', async () => answered)
  await passUntil(clock, 'the second gap is told', async () => gaps() === 2)
})

test('it costs a PING each time while somebody listens, and nothing while nobody does', async () => {
  const clock = new ManualClock()
  const server = await serverHere()
  await server.cli('CONFIG', 'RESETSTAT')
  const queue = queueAt({ url: server.url, replyTimeout: REPLY, clock })
  await queue.publish('a')
  clock.pass(10 * REPLY)
  expect(await pings(server)).toBe(0)
  const ears = await listen(queue, { queued: () => {} })
  for (const count of [1, 2]) {
    clock.pass(REPLY)
    await until('it has asked', async () => (await pings(server)) === count)
    await queue.publish(`b${count}`)
  }
  await ears.close()
  clock.pass(10 * REPLY)
  await queue.publish('c')
  expect(await pings(server)).toBe(2)
})

test('a server that refuses to be asked has answered', async () => {
  const clock = new ManualClock()
  const server = await serverHere({ rules: ALL_RULES.filter((rule) => rule !== '+ping') })
  const queue = queueAt({ url: server.url, replyTimeout: REPLY, clock })
  const told = await listening(queue)
  for (let turn = 1; turn <= 4; turn++) {
    clock.pass(REPLY)
    await until(
      'it was refused',
      async () =>
        /cmdstat_ping:.*rejected_calls=(\d+)/.exec(await server.cli('INFO', 'commandstats'))?.[1] === String(turn),
    )
  }
  await queue.publish('a')
  await until('it is heard', async () => told.length > 0)
  expect(told).toEqual(['a'])
})
