import { createClient, createClientPool, defineScript, RESP_TYPES } from 'redis'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue } from '../../src/index.js'
import { ALL_RULES, DATABASE_RULES } from '../support/access.js'
import type { RedisServer } from '../support/redis-server.js'
import { closedLater, failureOf, freshName, keyIn, News, proxyHere, serverHere } from './kit.js'

/** What the callers here run besides, by themselves. */
const THEIRS = [...DATABASE_RULES, '+ping', '+eval', '(+set', '~key)']

let server: RedisServer

beforeEach(async () => {
  server = await serverHere({ port: 'tcp', rules: [...ALL_RULES, ...THEIRS] })
})

/** A user's client: destroyed by the user, that is by the test. */
function clientAt(url: string, options: Parameters<typeof createClient>[0] = {}) {
  const client = createClient({ url, ...options })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  return client
}

const over = (redis: object): Queue => closedLater(createQueue(freshName(), { redis, publishTimeout: 2_000 }))

/** All verbs once. */
async function works(queue: Queue): Promise<void> {
  const ran: string[] = []
  queue.process(({ id }) => {
    ran.push(id)
  })
  expect(await queue.publishMany(['a', 'b', 'a'])).toMatchObject([
    { outcome: 'queued' },
    { outcome: 'queued' },
    { outcome: 'duplicate' },
  ])
  await queue.idle()
  expect(ran).toEqual(['a', 'b'])
  expect(await queue.sweep()).toEqual([])
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
  expect(await queue.stats()).toMatchObject({ committed: 0, totals: { done: 2 } })
}

test.each([2, 3] as const)('a client that speaks RESP %i and is connected', async (RESP) => {
  const client = await clientAt(server.url, { RESP }).connect()
  await works(over(client))
})

test('a client that nobody has connected yet is connected', async () => {
  const client = clientAt(server.url)
  await works(over(client))
  expect(await client.ping()).toBe('PONG')
})

test('a client that is just being connected is waited for', async () => {
  const client = clientAt(server.url)
  const queue = over(client)
  const connecting = client.connect()
  await queue.publish('a')
  await connecting
})

test('a client with its own scripts, types, database and time-out keeps them, and they do not reach our commands', async () => {
  const double = defineScript({
    SCRIPT: 'return ARGV[1] * 2',
    NUMBER_OF_KEYS: 0,
    parseCommand: (parser, n: number) => parser.push(String(n)),
    transformReply: (reply: number) => reply,
  })
  const client = createClient({
    url: `${server.url}/4`,
    scripts: { double },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 1_000 },
  })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  await client.connect()
  await works(over(client))
  expect(await client.double(21)).toBe(42)
  await client.set('key', 'value')
  expect(await client.get('key')).toEqual(Buffer.from('value'))
})

test('close() closes and cuts nothing that is borrowed, and takes every listener off again', async () => {
  const client = await clientAt(server.url).connect()
  const before = client.listenerCount('error')
  const queue = over(client)
  await works(queue)
  await queue.close()
  expect(client.isReady).toBe(true)
  expect(client.listenerCount('error')).toBe(before)
  for (const event of ['ready', 'connect', 'end']) expect(client.listenerCount(event)).toBe(0)
  expect(await client.ping()).toBe('PONG')
  // Its twin for blocking calls was ours.
  expect(String(await server.cli('CLIENT', 'LIST')).match(/^id=/gm)).toHaveLength(2)
})

test('many queues share one client, connected or not, and nobody is warned of a leak', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error): number => warnings.push(name)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const client = clientAt(server.url)
  const most = client.getMaxListeners()
  const connecting = client.connect()
  const queues = Array.from({ length: 25 }, () => over(client))
  await Promise.all(queues.map((queue) => queue.publish('a')))
  await connecting
  await Promise.all(queues.map((queue) => queue.close()))
  // A warning is told in a later turn.
  await new Promise(setImmediate)
  expect(warnings).toEqual([])
  expect(client.getMaxListeners()).toBe(most)
})

test('a client without any listener of its own can still be given one after close()', async () => {
  const client = createClient({ url: server.url })
  onTestFinished(() => client.destroy())
  await client.connect()
  const queue = over(client)
  await queue.publish('a')
  await queue.close()
  const ended = new Promise<void>((resolve) => client.on('end', resolve))
  client.destroy()
  await ended
})

test.each(['with', 'without'])(
  'outages of a client %s a listener of its own are told once each, and all goes on',
  async (has) => {
    const proxy = await proxyHere(server)
    const client = createClient({ url: proxy.url })
    if (has === 'with') client.on('error', () => {})
    onTestFinished(() => client.destroy())
    await client.connect()
    const queue = over(client)
    const news = new News(queue)
    queue.process(() => {})
    await queue.publish('a')
    for (const outage of [1, 2, 3]) {
      await proxy.refuse()
      await news.heard('suspended', outage)
      const publish = queue.publish(`b${outage}`)
      await proxy.pass()
      await news.heard('resumed', outage)
      expect(await publish).toMatchObject({ outcome: 'queued' })
    }
    await queue.idle()
    expect(news.told).toEqual(Array(3).fill(['suspended', 'resumed']).flat())
    expect(client.listenerCount('error')).toBeLessThan(4)
  },
)

test('a borrowed client whose server hangs is not cut: its own commands are answered late, and the outage is told once', async () => {
  const { redisStore } = await import('../../src/index.js')
  const client = await clientAt(server.url).connect()
  const store = redisStore({ client, replyTimeout: 150 })
  const queue = closedLater(createQueue(freshName(), { store, publishTimeout: 600 }))
  const news = new News(queue)
  await queue.publish('a')
  server.pause()
  const own = client.ping()
  // Four reply deadlines long.
  expect(await failureOf(queue.publish('b'))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  server.resume()
  expect(await own).toBe('PONG')
  await news.heard('resumed')
  expect(await queue.publish('c')).toMatchObject({ outcome: 'queued' })
  expect(news.told).toEqual(['suspended', 'resumed'])
})

test('a client that its owner closed is not opened again behind his back', async () => {
  const client = await clientAt(server.url).connect()
  const queue = closedLater(createQueue(freshName(), { redis: client, publishTimeout: 200 }))
  await queue.publish('a')
  await client.close()
  expect(await failureOf(queue.publish('b'))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('closed'),
  })
  expect(client.isOpen).toBe(false)
})

test('a client that was never connected, to a server that is away: close() ends all the same', async () => {
  const client = clientAt('redis://127.0.0.1:1')
  const queue = createQueue(freshName(), { redis: client, publishTimeout: 200 })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  await queue.close()
  expect(client.listenerCount('error')).toBe(1)
})

test('a pool publishes, and keeps its other clients free', async () => {
  const pool = createClientPool({ url: server.url }, { minimum: 1, maximum: 3 })
  pool.on('error', () => {})
  await pool.connect()
  onTestFinished(() => pool.destroy())
  const queue = over(pool)
  const verdicts = await queue.publishMany(Array.from({ length: 2_500 }, (_, i) => i))
  expect(verdicts).toHaveLength(2_500)
  expect(await server.cli('LLEN', keyIn(queue, 'queued'))).toBe(2_500)
  expect(await queue.stats()).toMatchObject({ queued: 2_500 })
  await queue.close()
  expect(await pool.ping()).toBe('PONG')
})

test('a worker over a pool is refused with UNSUPPORTED, in words that say what to give instead', async () => {
  const pool = createClientPool({ url: server.url }, { minimum: 1, maximum: 3 })
  pool.on('error', () => {})
  await pool.connect()
  onTestFinished(() => pool.destroy())
  const queue = over(pool)
  const told = new Promise<unknown>((resolve) => {
    queue.on('error', resolve)
    try {
      queue.process(() => {})
    } catch (error) {
      resolve(error)
    }
  })
  expect(await told).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('give a client, cluster or sentinel'),
  })
})

test.each([
  ['null', null],
  ['a number', 7],
  ['an object', {}],
])('what is no client is refused at once: %s', (_what, redis) => {
  expect(() => createQueue('q', { redis: redis as object })).toThrow(expect.objectContaining({ name: 'ConvoyError' }))
})
