import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, redisStore } from '../../src/index.js'
import { insideOf } from '../../src/queue.js'
import { KEYS, keyOf } from '../../src/redis/keys.js'
import { rightsOf } from '../../src/redis/rights.js'
import type { Role } from '../../src/store.js'
import { ROLES, rulesOf } from '../support/access.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { makeUsers, storeByRole, urlAs } from '../support/users.js'
import { closedLater, failureOf, freshName } from './kit.js'

let server: RedisServer
let raw: ReturnType<typeof rawClient>

beforeAll(async () => {
  server = await startRedis()
  await makeUsers(server)
  raw = rawClient(server)
  await raw.connect()
})

afterAll(async () => {
  raw.destroy()
  await server.stop()
})

/** Resolves with the first error a background loop meets. */
const firstError = (queue: Queue): Promise<unknown> => new Promise((resolve) => queue.on('error', resolve))

/** What each role is for, each with an ID of its own; a call that does not reject must tell of its refusal. */
const CALLS: Readonly<Record<Role, readonly ((queue: Queue) => Promise<unknown>)[]>> = {
  publisher: [(queue) => queue.publish('new'), (queue) => queue.publishMany(['newer', 'waits'])],
  worker: [
    (queue) => {
      const refused = firstError(queue)
      const ran = new Promise((resolve) => queue.process(({ id }) => resolve(id)))
      return Promise.race([ran, refused.then((error) => Promise.reject(error))])
    },
  ],
  guard: [
    (queue) => queue.sweep(),
    (queue) => {
      const refused = firstError(queue)
      const gained = new Promise((resolve) => queue.on('guardGained', () => resolve('gained')))
      queue.jamGuard()
      return Promise.race([gained, refused.then((error) => Promise.reject(error))])
    },
  ],
  operator: [
    (queue) => queue.withdraw(['waits', 'fails']),
    (queue) => queue.clear(),
    (queue) => queue.pause(),
    (queue) => queue.resume(),
    (queue) => queue.retry(['fails']),
    (queue) => queue.promote(['waits']),
    (queue) => queue.retry('all'),
    (queue) => queue.withdraw({ state: 'queued' }),
  ],
  dashboard: [
    (queue) => queue.stats(),
    (queue) => queue.list('queued'),
    (queue) => queue.list('failed'),
    (queue) => queue.inspect('waits'),
    (queue) => queue.result('waits'),
    (queue) => queue.logOf('waits'),
  ],
  listener: [
    async (queue) => {
      const over = new AbortController()
      const { call } = insideOf(queue)
      await call('listener', (store, patience) => store.listen(() => {}, over.signal, patience))
      over.abort()
    },
  ],
}

const queueAs = (user: string, name: string, options = {}): Queue =>
  closedLater(createQueue(name, { store: redisStore({ url: urlAs(server.url, user) }), ...options }))

/** A queue with something in most states, made by the users of all roles. */
async function lively(): Promise<string> {
  const name = freshName()
  const queue = createQueue(name, { store: storeByRole(server.url), keepFailed: 100 })
  await queue.publishMany(['fails', 'ends'])
  const settled = new Promise((resolve) => queue.on('failed', resolve))
  queue.process(({ id }) => {
    if (id === 'fails') throw new Error('no')
  })
  await settled
  await queue.idle()
  await queue.close()
  const more = createQueue(name, { store: storeByRole(server.url) })
  await more.publishMany(['waits', 'waits, too', 'leaves'])
  await more.withdraw(['leaves'])
  await more.close()
  return name
}

let untouched: Promise<string> | undefined

/** One such queue for all who are refused. */
const left = (): Promise<string> => {
  untouched ??= lively()
  return untouched
}

/** Everything under the queue's keys, as the server itself writes it down. */
async function dump(name: string): Promise<Record<string, string>> {
  const keys = await raw.keys(`*{${name}}*`)
  const values = await Promise.all(keys.map((key) => raw.sendCommand(['DUMP', key])))
  return Object.fromEntries(keys.map((key, i) => [key, String(values[i])]).sort())
}

const commandsOf = (role: Role): string[] => [...new Set(rightsOf(role).map((right) => right.split(' ')[0] as string))]

const REFUSED = { name: 'ConvoyError', code: 'AUTH_FAILED' }

test('there is a line for every role', () => {
  expect([...ROLES].sort()).toEqual(Object.keys(CALLS).sort())
})

describe.each([...ROLES])('the user %s, as SECURITY.md has it', (role) => {
  test('may do all that the role is for, and be ready', async () => {
    for (const call of CALLS[role]) {
      const queue = queueAs(role, await lively())
      await queue.ready()
      await call(queue)
      await queue.close()
    }
  })

  test('is refused all that other roles are for, in one line that says what is missing, and nothing is written', async () => {
    const name = await left()
    const refused: Role[] = []
    for (const other of ROLES) {
      // A worker may look, too: what looking runs, claiming runs as well.
      if (commandsOf(other).every((command) => commandsOf(role).includes(command))) continue
      refused.push(other)
      for (const call of CALLS[other]) {
        const queue = queueAs(role, name)
        const before = await dump(name)
        const error = await failureOf(call(queue))
        expect(error, `${role} as ${other}`).toMatchObject(REFUSED)
        expect(String(error)).toMatch(
          new RegExp(`may not run [A-Z]+ on convoy:\\{${name}\\}:\\w+, and has to as ${other}: see SECURITY.md$`),
        )
        expect(await dump(name)).toEqual(before)
        await queue.close()
      }
    }
    expect(refused.length).toBeGreaterThan(2)
  })

  test('may do nothing else: not look at other keys, not drop, list or configure, not run a text', async () => {
    const client = rawClient({ url: urlAs(server.url, role) })
    await client.connect()
    onTestFinished(() => client.destroy())
    await raw.set('other', '1')
    const key = keyOf('convoy', await left(), 'queued')
    for (const command of [
      ['GET', 'other'],
      ['TYPE', 'other'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['CONFIG', 'GET', 'dir'],
      ['ACL', 'LIST'],
      ['DEL', key],
      ['EVAL', 'return 1', '0'],
      ['SCRIPT', 'FLUSH'],
      ['MONITOR'],
      ['PUBLISH', 'convoy', 'x'],
      ['LPOP', key],
      ...(role === 'worker' ? [] : [['LTRIM', key, '1', '-1']]),
    ]) {
      expect(String(await failureOf(client.sendCommand(command))), command.join(' ')).toContain('NOPERM')
    }
  })

  test.each(commandsOf(role))('without %s is refused before the first write, by name', async (command) => {
    const name = await left()
    const lower = command.toLowerCase()
    const rules = rulesOf(role).join(' ').replace(` (+${lower} `, ' (+ping ').split(' ')
    await server.cli('ACL', 'SETUSER', 'lame', ...rules, `-${lower}`)
    const before = await dump(name)
    const [call] = CALLS[role]
    const error = await failureOf((call as NonNullable<typeof call>)(queueAs('lame', name, { lease: 20_000 })))
    expect(error).toMatchObject(REFUSED)
    expect(String(error).toUpperCase()).toContain(command)
    expect(await dump(name)).toEqual(before)
  })

  test('on a single key of another name is refused as well', async () => {
    const name = await left()
    const before = await dump(name)
    const rules = rulesOf(role).map((rule) => rule.replace('~convoy:*', `~convoy:{${name}}:[^t]*`))
    await server.cli('ACL', 'SETUSER', 'narrow', ...rules)
    const [call] = CALLS[role]
    const error = await failureOf((call as NonNullable<typeof call>)(queueAs('narrow', name)))
    expect(error).toMatchObject(REFUSED)
    expect(await dump(name)).toEqual(before)
  })
})

test('a dashboard leaves no trace: not the digest of its options, not in an empty queue', async () => {
  const name = freshName()
  const queue = queueAs('dashboard', name, { lease: 99_000 })
  await queue.ready()
  await queue.stats()
  await queue.idle()
  expect(await dump(name)).toEqual({})
})

test('a right that comes later is taken then: nothing has to be made anew', async () => {
  const name = freshName()
  await server.cli('ACL', 'SETUSER', 'late', ...rulesOf('publisher'))
  const queue = queueAs('late', name)
  await queue.publish('a')
  expect(await failureOf(queue.stats())).toMatchObject(REFUSED)
  await server.cli('ACL', 'SETUSER', 'late', ...rulesOf('publisher'), ...rulesOf('dashboard').slice(3))
  expect(await queue.stats()).toMatchObject({ queued: 1 })
})

test('what is checked is checked once for each role, whatever is called how often', async () => {
  const name = freshName()
  const queue = closedLater(createQueue(name, { store: server.url }))
  const calls = async (): Promise<number> => {
    const stats = await raw.sendCommand(['INFO', 'commandstats'])
    return Number(/cmdstat_type:calls=(\d+)/.exec(String(stats))?.[1] ?? 0)
  }
  const before = await calls()
  for (let round = 0; round < 3; round++) {
    await queue.publish(`${round}`)
    await queue.stats()
    await queue.inspect('a')
    await queue.sweep()
    await queue.withdraw(['a'])
  }
  // Each key's type, for four roles.
  expect((await calls()) - before).toBe(4 * Object.keys(KEYS).length)
})
