import { afterAll, beforeAll, expect, test } from 'vitest'
import { createQueue } from '../../src/index.js'
import { ALL_RULES, DATABASE_RULES } from '../support/access.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { closedLater, failureOf, freshName, keyIn, queueAt } from './kit.js'

const PASSWORD = 'p@ss:w/o#rd %?é'
const RULES = [...ALL_RULES, ...DATABASE_RULES]

let plain: RedisServer
let guarded: RedisServer
let secure: RedisServer

beforeAll(async () => {
  plain = await startRedis({ port: 'tcp', rules: RULES })
  guarded = await startRedis({ password: PASSWORD, rules: RULES })
  secure = await startRedis({ tls: true })
  await guarded.cli('ACL', 'SETUSER', 'dri:ver', 'on', `>${PASSWORD}`, ...ALL_RULES)
})

afterAll(() => Promise.all([plain.stop(), guarded.stop(), secure.stop()]))

test('redis:// reaches a server by host and port', async () => {
  const queue = queueAt({ url: plain.url })
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
  expect(await plain.cli('LRANGE', keyIn(queue, 'queued'), 0, -1)).toEqual(['a'])
})

test('the number after the slash is the database that the keys land in', async () => {
  const queue = queueAt({ url: `${plain.url}/7` })
  await queue.publish('a')
  expect(await plain.cli('EXISTS', keyIn(queue, 'queued'))).toBe(0)
  const databases = await plain.cli('INFO', 'keyspace')
  expect(databases).toContain('db7:')
})

test('the blocking connection of a worker is in the same database: a publish wakes it', async () => {
  const queue = queueAt({ url: `${plain.url}/5` })
  const ran = new Promise<string>((resolve) => queue.process((job) => resolve(job.id)))
  await queue.ready()
  await queue.publish('a')
  expect(await ran).toBe('a')
})

test('unix:// reaches a server by its socket, with a password and a database', async () => {
  const queue = queueAt({ url: `${guarded.url}?db=3` })
  await queue.publish('a')
  expect(await guarded.cli('INFO', 'keyspace')).toContain('db3:')
})

test('a user and a password may hold any character, percent-encoded', async () => {
  const { socketPath } = guarded
  const url = `unix://${encodeURIComponent('dri:ver')}:${encodeURIComponent(PASSWORD)}@${socketPath}`
  const queue = queueAt({ url })
  await queue.publish('a')
  expect(await guarded.cli('ACL', 'LOG')).toEqual([])
  expect(await guarded.cli('CLIENT', 'LIST')).toContain('user=dri:ver')
})

test('rediss:// speaks TLS, to a server whose authority is given', async () => {
  const queue = queueAt({ url: secure.url, tls: { ca: secure.ca } })
  const ran = new Promise<string>((resolve) => queue.process((job) => resolve(job.id)))
  await queue.publish('a')
  expect(await ran).toBe('a')
})

test('rediss:// refuses a certificate it cannot verify, and says so', async () => {
  const queue = queueAt({ url: secure.url })
  await expect(queue.ready({ timeout: 500 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/certificate/),
  })
})

test.each(['CONVOY_STORE', 'REDIS_URL'])('without a store given %s is taken', async (variable) => {
  const before = { CONVOY_STORE: process.env['CONVOY_STORE'], REDIS_URL: process.env['REDIS_URL'] }
  delete process.env['CONVOY_STORE']
  // CONVOY_STORE goes before REDIS_URL.
  process.env['REDIS_URL'] = 'redis://127.0.0.1:1'
  process.env[variable] = plain.url
  try {
    const queue = closedLater(createQueue(freshName()))
    await queue.publish('a')
    expect(await plain.cli('LLEN', keyIn(queue, 'queued'))).toBe(1)
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
})

test.each([
  ['no URL at all', 'nonsense'],
  ['another protocol', 'http://localhost:6379'],
  ['a database that is no number', 'redis://localhost/one'],
  ['a query', 'redis://localhost/0?timeout=1'],
  ['a password with a bare #', 'redis://user:12#34@localhost'],
  ['a broken percent sign', 'redis://user:50%@localhost'],
  ['a unix socket without a path', 'unix://'],
])('a URL with %s is refused at once', (_what, store) => {
  expect(() => createQueue('q', { store })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

test('a host and port that nobody listens at are named when the deadline of ready() is over', async () => {
  const queue = queueAt({ url: 'redis://127.0.0.1:1' })
  const error = await failureOf(queue.ready({ timeout: 300 }))
  expect(error).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no connection to 127.0.0.1:1 within 300 ms'),
  })
  expect(error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
})

test('a host that does not exist is named, too', async () => {
  const queue = queueAt({ url: 'redis://no.such.host.invalid' })
  await expect(queue.ready({ timeout: 500 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no.such.host.invalid:6379'),
  })
})
