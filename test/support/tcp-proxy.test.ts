import { once } from 'node:events'
import { connect } from 'node:net'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Latch } from './latch.js'
import { EVERYTHING, type RedisServer, startRedis } from './redis-server.js'
import { startProxy, type TcpProxy } from './tcp-proxy.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ rules: EVERYTHING })
})
afterAll(() => redis.stop())

const through = async (proxy: TcpProxy) => {
  const client = createClient({ url: proxy.url, socket: { reconnectStrategy: () => 5 } }).on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

test('a proxy passes requests and replies, and counts them', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const before = [proxy.fromClients, proxy.fromServer]
  expect(await client.ping()).toBe('PONG')
  expect([proxy.accepted, proxy.open]).toEqual([1, 1])
  expect([proxy.fromClients, proxy.fromServer]).toEqual([(before[0] ?? 0) + 14, (before[1] ?? 0) + 7])
  const large = 'x'.repeat(3_000_000)
  await client.set('large', large)
  expect((await client.get('large')) === large).toBe(true)
})

test('cut takes every connection, and the client comes back through', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const back = new Latch()
  client.once('ready', () => back.open())
  proxy.cut()
  await back.wait
  expect(proxy.accepted).toBe(2)
  expect(await client.ping()).toBe('PONG')
})

test('a dropped reply: the request was done, its caller never heard', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const dropped = proxy.dropReply('INCR')
  expect(await client.set('before', '1')).toBe('OK')
  const replies = await Promise.allSettled([client.incr('counter'), client.incr('never-sent')])
  expect(replies.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await dropped).toEqual(['INCR', 'counter'])
  expect(await redis.cli('GET', 'counter')).toBe('1')
  // Behind the cut: it was in the same packet and must not have passed.
  expect(await redis.cli('GET', 'never-sent')).toBe(null)
  expect(await client.incr('counter')).toBe(2)
})

/** A client that keeps what it is told, packet by packet. */
const bare = (proxy: TcpProxy) => {
  const socket = connect(proxy.port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  const packets: string[] = []
  socket.on('data', (packet) => packets.push(String(packet)))
  const say = (...args: string[]): unknown =>
    socket.write(`*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`)
  return { socket, packets, say }
}

test.each([
  ['a reply', 'abcdefgh', '$8\r\nabc'],
  ['one whose half is a whole line', 'abc', '$3\r\na'],
])('%s that is halved: the request was done, and the cut is never between two replies', async (_, value, half) => {
  await using proxy = await startProxy(redis)
  await redis.cli('SET', 'halved', value)
  const { socket, packets, say } = bare(proxy)
  const halved = proxy.halveReply('GETSET')
  const closed = once(socket, 'close')
  say('GETSET', 'halved', 'new')
  expect(await halved).toEqual(['GETSET', 'halved', 'new'])
  await closed
  expect(packets.join('')).toBe(half)
  expect(await redis.cli('GET', 'halved')).toBe('new')
})

test('a request that is met passes', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const met = proxy.meet('INCR')
  expect(await client.incr('met')).toBe(1)
  expect(await met).toEqual(['INCR', 'met'])
})

test('a drip hands everything on a few bytes at a time; at its end all goes at once, in order', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const text = 'abcdefghi '.repeat(60)
  proxy.drip(3)
  const { socket, packets, say } = bare(proxy)
  say('ECHO', text)
  while (packets.join('').length < text.length + 8) await once(socket, 'data')
  expect(packets.join('')).toBe(`$600\r\n${text}\r\n`)
  expect(packets.length).toBeGreaterThan(100)
  expect(await client.echo(text)).toBe(text)
  const large = text.repeat(5_000)
  const echo = client.echo(large)
  const begun = once(socket, 'data')
  say('ECHO', text)
  await begun
  await proxy.pass()
  expect((await echo) === large).toBe(true)
  expect(await client.echo('after')).toBe('after')
})

test('a large request whose reply is dropped was done as a whole', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const dropped = proxy.dropReply((args) => args[0] === 'SET' && args[1] === 'big')
  await expect(client.set('big', 'y'.repeat(2_000_000))).rejects.toThrow()
  await dropped
  expect(await redis.cli<number>('STRLEN', 'big')).toBe(2_000_000)
})

test('a lost request was not done', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const lost = proxy.lose()
  await expect(client.set('lost', '1')).rejects.toThrow()
  expect(await lost).toEqual(['SET', 'lost', '1'])
  expect(await redis.cli('GET', 'lost')).toBe(null)
})

test('a delay holds replies for its time, in order', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  proxy.delay(60)
  const begun = performance.now()
  const order: string[] = []
  const slow = client.echo('slow').then((text) => order.push(text))
  await client.echo('slow too').then((text) => order.push(text))
  expect(performance.now() - begun).toBeGreaterThan(55)
  proxy.delay(0)
  await Promise.all([slow, client.echo('fast').then((text) => order.push(text))])
  expect(order).toEqual(['slow', 'slow too', 'fast'])
})

test('in a black hole nothing is refused and nothing arrives; after it all does', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  proxy.blackHole()
  let answered = false
  const reply = client.set('hole', '1').then(() => {
    answered = true
  })
  // A connection made now is taken and held: TCP says yes, Redis says nothing.
  const late = createClient({ url: proxy.url }).on('error', () => {})
  onTestFinished(() => late.destroy())
  const connected = new Latch()
  late.once('connect', () => connected.open())
  const ready = late.connect()
  await connected.wait
  expect(await redis.cli('GET', 'hole')).toBe(null)
  expect(answered).toBe(false)
  await proxy.pass()
  await Promise.all([reply, ready])
  expect(await redis.cli('GET', 'hole')).toBe('1')
  expect(proxy.accepted).toBe(2)
})

test('a refusing proxy is a closed port until it passes again', async () => {
  await using proxy = await startProxy(redis)
  const client = await through(proxy)
  const refused = new Latch()
  client.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') refused.open()
  })
  await proxy.refuse()
  await refused.wait
  expect(proxy.open).toBe(0)
  const back = new Latch()
  client.once('ready', () => back.open())
  await proxy.pass()
  await back.wait
  expect(await client.ping()).toBe('PONG')
})
