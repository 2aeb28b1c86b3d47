import { inspect } from 'node:util'
import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, type QueueOptions, redisStore } from '../../src/index.js'
import { closedLater, failureOf, freshName, proxyHere, serverHere } from './kit.js'

const SECRET = 'hunter2'

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
  seen.push(
    error,
    await failureOf(queue.ready({ timeout: 200 })),
    queue.process(() => {}),
    queue.jamGuard(),
  )
  expect(error).toBeInstanceOf(Error)
  for (const one of seen) expect(shown(one)).not.toContain(SECRET)
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
  expect(shown(error)).not.toContain(SECRET)
})
