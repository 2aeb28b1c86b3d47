import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ConvoyError, createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import { KEYS, type Part } from '../../src/redis/keys.js'
import { freePort } from '../support/free-port.js'
import { startRedis } from '../support/redis-server.js'
import { RespRequests } from '../support/resp-requests.js'
import { onRedis } from './kit.js'

function queueAt(url: string, options: QueueOptions = {}): Queue {
  const queue = createQueue('trucks', { store: url, ...options })
  onTestFinished(() => queue.close())
  return queue
}

/** A server that says of itself what an older one would, and knows nothing else. */
async function oldServer(version: string, hello: string): Promise<string> {
  const replies: Record<string, string> = { PING: '+PONG\r\n', HELLO: `${hello}\r\n` }
  const info = `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n`
  const server = createServer((socket) => {
    const requests = new RespRequests()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const { args } of requests.push(chunk)) {
        const name = (args[0] ?? '').toUpperCase()
        socket.write(name === 'INFO' ? `$${info.length}\r\n${info}\r\n` : (replies[name] ?? '+OK\r\n'))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** How each call ends that has to do with the server. */
async function refusals(queue: Queue, timeout = 10_000): Promise<(ConvoyError | string)[]> {
  const calls = [
    queue.ready({ timeout }),
    queue.publish('a'),
    queue.publishMany(['a']),
    queue.stats(),
    queue.inspect('a'),
    queue.sweep(),
  ]
  const ends = await Promise.allSettled(calls)
  return ends.map((end) => (end.status === 'fulfilled' ? 'was done' : (end.reason as ConvoyError)))
}

const isRefused = (code: string, says: RegExp) => ({ name: 'ConvoyError', code, message: expect.stringMatching(says) })

test.each([
  ['a port nobody listens at', async () => `redis://127.0.0.1:${await freePort()}`],
  ['a socket that is not there', async () => `unix://${join(tmpdir(), `convoy-nobody-${process.pid}.sock`)}`],
])('%s: every call gives up at its deadline as UNAVAILABLE, with a clear message', async (_, urlOf) => {
  const queue = queueAt(await urlOf(), { publishTimeout: 1_000 })
  const told: ConvoyError[] = []
  queue.on('suspended', (cause) => told.push(cause))
  const begun = performance.now()
  const errors = await refusals(queue, 1_000)
  for (const error of errors) expect(error).toMatchObject(isRefused('UNAVAILABLE', /no connection to .* within/))
  expect(performance.now() - begun).toBeLessThan(20_000)
  expect(told).toMatchObject([{ name: 'ConvoyError', code: 'UNAVAILABLE' }])
})

test('a worker and a guard of a server that is not there tell it, and close at once', async () => {
  const queue = queueAt(`redis://127.0.0.1:${await freePort()}`, { publishTimeout: 100 })
  const told = new Promise<ConvoyError>((resolve) => queue.on('error', resolve))
  queue.process(() => {})
  queue.jamGuard({ every: 60_000 })
  expect(await told).toMatchObject({ code: 'UNAVAILABLE' })
  const begun = performance.now()
  await queue.close()
  expect(performance.now() - begun).toBeLessThan(3_000)
})

test('one who gives up soon takes no patience from the others', async () => {
  const folder = await startRedis()
  const { url, dir } = folder
  await folder.kill()
  onTestFinished(() => folder.stop())
  const queue = queueAt(url, { publishTimeout: 20_000 })
  const impatient = queue.ready({ timeout: 50 })
  const aborted = queue.ready({ timeout: 20_000, signal: AbortSignal.timeout(50) })
  const publishing = queue.publish('a')
  // Either may be the first.
  await Promise.all([
    expect(impatient).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
    expect(aborted).rejects.toMatchObject({ code: 'ABORTED' }),
  ])
  await folder.restart()
  expect([dir.length > 0, (await publishing).outcome]).toEqual([true, 'queued'])
})

test.each([
  ['6.2.14', '%1\r\n$6\r\nserver\r\n$5\r\nredis', /Redis 6\.2\.14.*needs 7\.0 or later/],
  ['5.0.14', '-ERR unknown command `HELLO`, with args beginning with: `3`, ', /needs Redis 7\.0 or later/],
])('a server of version %s is refused at once as too old', async (version, hello, says) => {
  const queue = queueAt(await oldServer(version, hello))
  for (const error of await refusals(queue)) expect(error).toMatchObject(isRefused('UNSUPPORTED', says))
})

test.each([
  ['a wrong password', 'right', (url: string) => url.replace(':right@', ':hunter2@')],
  ['no password where one is wanted', 'right', (url: string) => url.replace(':right@', '')],
  ['an unknown user', 'right', (url: string) => url.replace(':right@', 'nobody:hunter2@')],
])('%s: AUTH_FAILED at once, and no password in the error', async (_, password, spoil) => {
  const server = await startRedis({ port: 'tcp', password })
  onTestFinished(() => server.stop())
  const queue = queueAt(spoil(server.url))
  const begun = performance.now()
  const errors = await refusals(queue)
  for (const error of errors) expect(error).toMatchObject({ name: 'ConvoyError', code: 'AUTH_FAILED' })
  expect(performance.now() - begun).toBeLessThan(5_000)
  const texts = errors
    .flatMap((error) => [error, (error as Error).cause].map((one) => `${one} ${(one as Error)?.stack}`))
    .join()
  expect(texts).not.toMatch(/hunter2|right@/)
})

onRedis('on a good server', (kit) => {
  test.each([
    'committed',
    'queued',
    'processing',
    'lease',
    'totals',
    'failed',
    'ghosts',
    'guard',
    'alarm',
    'meta',
  ] as const)('a key %s that holds something else: WRONG_KEY, which names it, and nothing is written', async (part) => {
    const world = await kit.world()
    const key = kit.key(world, part)
    const write = part === 'alarm' ? ['SADD', key, 'mine'] : ['SET', key, 'mine']
    await kit.server().cli(...write)
    const queue = queueAt(kit.server().url, { prefix: world.prefix })
    for (const error of await refusals(queue))
      expect(error).toMatchObject(isRefused('WRONG_KEY', new RegExp(`${part}.*${part === 'alarm' ? 'set' : 'string'}`)))
    expect(await kit.server().cli('KEYS', `${world.prefix}:{*`)).toEqual([key])
    await kit.server().cli('DEL', key)
    expect((await queue.publish('a')).outcome).toBe('queued')
  })

  // Some keys a publish has no business with: then it does its work.
  test.each(Object.keys(KEYS) as Part[])(
    'a publish that meets a key %s of another type, come after the first check, stores nothing',
    async (part) => {
      const world = await kit.world()
      const queue = world.queue()
      await queue.publishMany(['a', 'withdrawn'])
      await queue.withdraw('withdrawn')
      await world.serverPasses(5_000)
      const key = kit.key(world, part)
      await kit.server().cli('DEL', key)
      await kit.server().cli(...(part === 'alarm' ? ['SADD', key, 'mine'] : ['SET', key, 'mine']))
      const dump = async () => {
        const keys = await kit.server().cli<string[]>('KEYS', `${world.prefix}:{*`)
        return new Map(await Promise.all(keys.map(async (one) => [one, await kit.server().cli('DUMP', one)] as const)))
      }
      const before = await dump()
      const refused = await queue.publish('b').then(
        () => undefined,
        (error: ConvoyError) => error,
      )
      if (refused) {
        const after = await dump()
        expect([
          refused.code,
          [...after.keys(), ...before.keys()].filter((one) => after.get(one) !== before.get(one)),
        ]).toEqual(['WRONG_KEY', []])
      }
      await kit.server().cli('DEL', key)
      if (!refused) expect((await queue.inspect('b')).state).toBe('queued')
      // What was broken by hand keeps no laws.
      await kit.server().cli('FLUSHALL')
    },
  )

  test('a queue of another layout version is refused, and left as it is', async () => {
    const world = await kit.world()
    await kit.server().cli('HSET', kit.key(world, 'meta'), 'layout', '99', 'digest', 'x')
    const queue = world.queue()
    for (const error of await refusals(queue)) expect(error).toMatchObject(isRefused('WRONG_LAYOUT', /99/))
    expect(await kit.server().cli('HGETALL', kit.key(world, 'meta'))).toEqual(['layout', '99', 'digest', 'x'])
    expect(await kit.server().cli('KEYS', `${world.prefix}:{*`)).toEqual([kit.key(world, 'meta')])
  })
})
