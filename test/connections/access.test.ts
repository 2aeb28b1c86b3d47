import { expect, test } from 'vitest'
import { createQueue, redisStore } from '../../src/index.js'
import { LAYOUT } from '../../src/store.js'
import { closedLater, failureOf, freshName, keyIn, queueAt, serverHere } from './kit.js'
import { startRewriter } from './rewriter.js'

const withUser = (url: string, user: string): string => url.replace('unix://', `unix://${user}@`)

test('NOAUTH: a server that asks for a password says so at once, not at the deadline', async () => {
  const server = await serverHere({ password: 'secret' })
  const began = performance.now()
  const error = await failureOf(queueAt({ url: `unix://${server.socketPath}` }).ready())
  expect(error).toMatchObject({ code: 'AUTH_FAILED', message: expect.stringContaining('NOAUTH') })
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('WRONGPASS: a wrong password is refused at once, by ready() and publish()', async () => {
  const server = await serverHere({ password: 'secret' })
  const queue = queueAt({ url: `unix://:wrong@${server.socketPath}` })
  expect(await failureOf(queue.ready())).toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.stringContaining('WRONGPASS'),
  })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'AUTH_FAILED' })
})

test('a password that the server learns later is taken then: the queue goes on by itself', async () => {
  const server = await serverHere()
  await server.cli('ACL', 'SETUSER', 'driver', 'on', '>old', '~*', '&*', '+@all')
  const queue = queueAt({ url: withUser(server.url, 'driver:new') })
  expect(await failureOf(queue.ready())).toMatchObject({ code: 'AUTH_FAILED' })
  const resumed = new Promise<void>((resolve) => queue.on('resumed', resolve))
  await server.cli('ACL', 'SETUSER', 'driver', '>new')
  await resumed
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
})

test.each([
  ['may run no scripts', ['~*', '+@all', '-evalsha']],
  ['may not load scripts', ['~*', '+@all', '-script']],
  ['may look but not write', ['%R~*', '+@all']],
  ['may not touch the keys', ['~other:*', '+@all']],
])('NOPERM: a user who %s is refused, and nothing is written', async (_what, rules) => {
  const server = await serverHere()
  await server.cli('ACL', 'SETUSER', 'driver', 'on', '>pass', '&*', ...rules)
  const queue = queueAt({ url: withUser(server.url, 'driver:pass') })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'AUTH_FAILED' })
  expect(await server.cli('KEYS', '*')).toEqual([])
})

test('a server older than 7.0 is told apart before the first script', async () => {
  const server = await serverHere({ port: 'tcp' })
  await using rewriter = await startRewriter(server, /redis_version:\d+\.\d+\.\d+/, 'redis_version:6.2.14')
  const queue = queueAt({ url: rewriter.url })
  for (const call of [() => queue.ready(), () => queue.publish('a')]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('Redis 6.2.1'),
    })
  }
  expect(await server.cli('KEYS', '*')).toEqual([])
})

test.each(['HELLO', 'EVALSHA_RO'])('a server too old even for %s is told apart, too', async (command) => {
  const server = await serverHere({ args: ['--rename-command', command, ''] })
  const error = await failureOf(queueAt({ url: server.url }).ready())
  expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('7.0') })
})

test('a queue of another layout version is refused, and left as it is', async () => {
  const server = await serverHere()
  const queue = queueAt({ url: server.url })
  await server.cli('HSET', keyIn(queue, 'meta'), 'layout', `${LAYOUT + 1}`, 'digest', 'other')
  for (const call of [() => queue.ready(), () => queue.publish('a'), () => queue.stats()]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'WRONG_LAYOUT',
      message: expect.stringContaining(`layout ${LAYOUT + 1}`),
    })
  }
  expect(await server.cli('HGETALL', keyIn(queue, 'meta'))).toEqual(['layout', `${LAYOUT + 1}`, 'digest', 'other'])
})

test('a process with other shared options is told so, once; one with the same is not', async () => {
  const server = await serverHere()
  const store = redisStore({ url: server.url })
  const name = freshName()
  const told: string[] = []
  const open = async (who: string, lease: number): Promise<void> => {
    const queue = closedLater(createQueue(name, { store, lease }))
    queue.on('optionsDiffer', () => told.push(who))
    await queue.ready()
    await queue.publish('a')
  }
  await open('first', 30_000)
  await open('same', 30_000)
  expect(told).toEqual([])
  await open('other', 20_000)
  expect(told).toEqual(['other'])
})
