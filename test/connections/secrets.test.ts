import { inspect } from 'node:util'
import { createClient } from 'redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { heartbeat } from '../../src/heartbeat/index.js'
import { createQueue, type Queue, type QueueOptions, redisStore } from '../../src/index.js'
import { every } from '../../src/schedule/index.js'
import { waitFor } from '../../src/wait/index.js'
import { until } from '../support/until.js'
import { closedLater, failureOf, freshName, keyIn, proxyHere, queueAt, serverHere } from './kit.js'

const SECRET = 'hunter2'
/** What a URL writes otherwise, and so does JSON: it must be missing in each spelling. */
const AWKWARD = 'h@nt:r/2%20"é\\'
const SPELT = [SECRET, AWKWARD, encodeURIComponent(AWKWARD), encodeURI(AWKWARD), JSON.stringify(AWKWARD).slice(1, -1)]

/** Everything a log could make of it: text, stack, causes, own and hidden properties. */
const shown = (value: unknown): string => {
  const deep = inspect(value, {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    getters: true,
    maxStringLength: null,
  })
  let text = `${deep} ${String(value)} ${JSON.stringify(value)}`
  for (let error = value; error instanceof Error; error = error.cause) {
    text += `${error.message} ${error.stack} ${JSON.stringify(Object.getOwnPropertyDescriptors(error))}`
  }
  return text
}

function expectNone(value: unknown): void {
  const text = shown(value)
  for (const secret of SPELT) expect(text).not.toContain(secret)
}

/** A queue whose errors and events are all kept. */
function watched(options: QueueOptions): { queue: Queue; seen: unknown[] } {
  const queue = closedLater(createQueue(freshName(), { publishTimeout: 200, ...options }))
  const seen: unknown[] = [queue, typeof options.store === 'function' ? options.store : undefined]
  queue.on('error', (error) => seen.push(error))
  queue.on('suspended', (error) => seen.push(error))
  return { queue, seen }
}

async function expectSilence({ queue, seen }: ReturnType<typeof watched>): Promise<void> {
  const error = await failureOf(queue.publish('a'))
  const calls = [
    () => queue.ready({ timeout: 200 }),
    () => queue.stats(),
    () => queue.sweep(),
    () => queue.inspect('a'),
  ]
  seen.push(
    error,
    await Promise.all(calls.map((call) => failureOf(call()))),
    queue.process(() => {}),
    queue.jamGuard(),
    queue.logStats({ logger: { info: (...line) => seen.push(line) } }),
  )
  expect(error).toBeInstanceOf(Error)
  for (const one of seen) expectNone(one)
}

test('the password is in no error when the server cannot be reached', async () => {
  await expectSilence(watched({ store: `redis://driver:${SECRET}@127.0.0.1:1` }))
  await expectSilence(watched({ store: `rediss://driver:${SECRET}@no.such.host.invalid` }))
  await expectSilence(watched({ store: `unix://driver:${SECRET}@/no/such.sock` }))
  await expectSilence(watched({ store: redisStore({ url: `redis://:${SECRET}@127.0.0.1:1/3` }) }))
})

test('the password is in no error when the server refuses it', async () => {
  const server = await serverHere({ password: 'another' })
  await expectSilence(watched({ store: `unix://driver:${SECRET}@${server.socketPath}` }))
  const open = await serverHere()
  await expectSilence(watched({ store: `unix://driver:${SECRET}@${open.socketPath}` }))
})

test('the password is in no error when the server is so old that it repeats the HELLO it does not know', async () => {
  const server = await serverHere({ args: ['--rename-command', 'HELLO', ''] })
  await expectSilence(watched({ store: `unix://driver:${SECRET}@${server.socketPath}` }))
})

test('the password is in no error when the connection is cut or silent', async () => {
  const server = await serverHere({ port: 'tcp', password: SECRET })
  const proxy = await proxyHere(server)
  const store = redisStore({ url: `redis://:${SECRET}@127.0.0.1:${proxy.port}`, replyTimeout: 100 })
  const { queue, seen } = watched({ store })
  await queue.ready()
  proxy.blackHole()
  await expectSilence({ queue, seen })
  await proxy.refuse()
  await expectSilence({ queue, seen })
  await proxy.pass()
})

test('a password that a URL has to escape opens the door, and is in nothing in any spelling', async () => {
  const server = await serverHere({ port: 'tcp', password: AWKWARD })
  const proxy = await proxyHere(server)
  const escaped = encodeURIComponent(AWKWARD)
  const store = redisStore({ url: `redis://:${escaped}@127.0.0.1:${proxy.port}` })
  const { queue, seen } = watched({ store, publishTimeout: 10_000 })
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
  seen.push(await queue.stats(), await queue.inspect('a'))
  await server.cli('SET', keyIn(queue, 'errors'), 'x')
  seen.push(await failureOf(closedLater(createQueue(queue.name, { store })).ready()))
  await proxy.refuse()
  for (const one of seen) expectNone(one)
  await expectSilence(watched({ store }))
  await expectSilence(watched({ store: `redis://:${escaped}x@127.0.0.1:${server.port}` }))
  await expectSilence(watched({ store: `redis://${escaped}:${escaped}@127.0.0.1:${server.port}` }))
  await proxy.pass()
})

test('the password is in no line that is written when nobody listens', async () => {
  const lines: unknown[] = []
  const spy = vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line))
  onTestFinished(() => spy.mockRestore())
  const server = await serverHere({ password: 'another' })
  const queue = queueAt({ url: `unix://:${SECRET}@${server.socketPath}` }, { publishTimeout: 100 })
  queue.process(() => {})
  queue.jamGuard()
  await until('something was written', async () => lines.length > 1)
  for (const line of lines) expectNone(line)
})

test('the password is in nothing when the environment gave it', async () => {
  vi.stubEnv('REDIS_URL', `redis://driver:${encodeURIComponent(AWKWARD)}@127.0.0.1:1`)
  vi.stubEnv('CONVOY_STORE', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expectSilence(watched({}))
  vi.stubEnv('REDIS_URL', `redis://driver:${SECRET}@host:port`)
  expectNone(await failureOf((async () => createQueue('q'))()))
})

test('a key that TLS was given, and its passphrase, are in nothing', async () => {
  const tls = { passphrase: SECRET, key: SECRET, servername: 'elsewhere' }
  await expectSilence(watched({ store: redisStore({ url: `rediss://:${SECRET}@127.0.0.1:1`, tls }) }))
})

test('the password of a borrowed client is in none either', async () => {
  const urls = [`redis://driver:${SECRET}@127.0.0.1:1`]
  const server = await serverHere({ password: 'another' })
  // node-redis throws an `Invalid URL` of its own here, which holds the URL.
  urls.push(`unix://driver:${SECRET}@${server.socketPath}`)
  for (const url of urls) {
    const client = createClient({ url })
    client.on('error', () => {})
    onTestFinished(() => client.destroy())
    await expectSilence(watched({ redis: client }))
  }
})

test.each([
  `redis://driver:${SECRET}@host:port`,
  `redis://driver:${SECRET}@[::1`,
  `redis://driver:${SECRET}%@host`,
  `redis://driver:${SECRET}#x@host`,
  `redis://driver:${SECRET}/x@host`,
  `redis://driver:${SECRET}?x@host`,
  `redis://driver:7/${SECRET}@host`,
  `redis://host/${SECRET}`,
  `redis//driver:${SECRET}@host`,
  `${SECRET}://host`,
  `${SECRET}:6379`,
  `${SECRET}@host:6379`,
  `http://driver:${SECRET}@host`,
  `unix://driver:${SECRET}@`,
  `unix://driver:${SECRET}%@/run/redis.sock`,
  `unix://driver:${SECRET}@/run/redis.sock?password=${SECRET}`,
])('a malformed URL is refused without being repeated: %#', async (store) => {
  const error = await failureOf((async () => createQueue('q', { store }))())
  expect(error).toMatchObject({ code: 'BAD_OPTION' })
  expectNone(error)
})

const LONG = 'h'.repeat(60)

test.each([
  `redis://:${SECRET}@redis.example.com:6379/0`,
  `rediss://driver:${SECRET}@${LONG}.example.com`,
  `redis://${LONG}:${SECRET}@host`,
  `redis://:${LONG}@${SECRET}@host`,
  `redis://driver:${SECRET}`,
  `redis://host?password=${SECRET}`,
  `redis//driver:${SECRET}@host`,
  `redis:/driver:${SECRET}@host`,
  `unix://driver:${SECRET}@/run/redis.sock?password=${SECRET}`,
  `http://driver:${SECRET}@host`,
  `${LONG}\nredis://:${SECRET}\n@host`,
])('a URL in the wrong place is refused without its password: %#', async (url) => {
  const wrong: Record<string, () => unknown> = {
    name: () => createQueue(url),
    options: () => createQueue('q', url as never),
    'unknown option': () => createQueue('q', { [url]: 1 }),
    redis: () => createQueue('q', { redis: url as never }),
    prefix: () => createQueue('q', { prefix: url }),
    durability: () => createQueue('q', { durability: url as never }),
    lease: () => createQueue('q', { lease: url }),
    dedupe: () => createQueue('q', { dedupe: url as never }),
    'a list of stores': () => createQueue('q', { store: [url] as never }),
    'a symbol as store': () => createQueue('q', { store: Symbol(url) as never }),
    redisStore: () => redisStore(url as never),
    client: () => redisStore({ client: url as never }),
    'no client': () => redisStore({ client: '' as never }),
    heartbeat: () => heartbeat({ url: [url] as never }),
    'heartbeat options': () => heartbeat(url as never),
    queue: () => waitFor(url as never, 'a'),
    'time zone': () => every(createQueue('q', { store: 'memory:' }), 'a', '* * * * *', { timeZone: url }),
  }
  for (const [place, call] of Object.entries(wrong)) {
    const error = await failureOf((async () => call())())
    expect({ place, error: { name: (error as Error).name } }).toEqual({ place, error: { name: 'ConvoyError' } })
    expectNone(error)
  }
})

test('what is no client is refused as a client of another kind is', () => {
  for (const client of ['redis://host', '', 5, null]) {
    const call = (): unknown => redisStore({ client: client as never })
    expect(call).toThrowError(expect.objectContaining({ code: 'UNSUPPORTED' }))
  }
})

test('a URL without a password is shown, so that its owner knows it again', () => {
  expect(() => createQueue('https://example.com/a@b?c=1')).toThrowError("not 'https://…@b?c=1'")
  expect(() => createQueue('https://example.com/a')).toThrowError("not 'https://example.com/a'")
})
