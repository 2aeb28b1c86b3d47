import { createClient, createClientPool } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import { whyNoDisk } from '../chaos/scene/loop-disk.js'
import { ALL_RULES, DURABLE_RULES, SYNCED_RULES } from '../support/access.js'
import { findNewer, NO_NEWER } from '../support/find-newer.mjs'
import type { RedisOptions, RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { makeUsers, urlAs } from '../support/users.js'
import { diskHere, powerCut } from './durability-cut.js'
import { callOf, closedLater, durableServer, failureOf, freshName, proxyHere, queueAt } from './kit.js'

const LOG = ['--appendonly', 'yes', '--appendfsync']
const EVERYSEC = [...LOG, 'everysec']
/** An older server would not know the last of them. */
const WAITING = [...ALL_RULES, ...DURABLE_RULES, ...SYNCED_RULES]

const binary = findNewer('Redis')
/** On a server that tells when it has synced. */
const testWaiting = binary === undefined ? test.skip : test

if (binary === undefined) test.skip(`durability 'disk' with appendfsync everysec, on Redis 8 (${NO_NEWER})`, () => {})

const newerHere = (options: RedisOptions = {}): Promise<RedisServer> =>
  durableServer({ args: EVERYSEC, rules: WAITING, ...(binary === undefined ? {} : { binary }), ...options })

const open = ({ url }: { readonly url: string }, rest: QueueOptions & { name?: string } = {}): Queue =>
  queueAt({ url }, { durability: 'disk', ...rest })

const calls = async (server: RedisServer, command: string): Promise<number> => {
  const stats = await server.cli('INFO', 'commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

/** One of little patience has all its connections. */
const connected = (queue: Queue): Promise<void> =>
  until('it is connected', async () => (await failureOf(queue.publish('warm'))) === undefined)

const unsynced = {
  code: 'OUTCOME_UNKNOWN',
  message: expect.stringMatching(/did not sync its append-only file within \d+ ms/),
}

const why = whyNoDisk()
const testCut = binary === undefined || why !== undefined ? test.skip : test

testCut(
  `a power cut takes nothing that was answered: what was queued is there or has run, what was withdrawn stays out${why === undefined ? '' : ` (${why})`}`,
  async () => {
    const disk = diskHere()
    const server = await newerHere({ port: 'tcp', dir: disk.folder })
    const queue = open(server)
    const ran = new Set<string>()
    const run = ({ id }: { readonly id: string }): void => {
      ran.add(id)
    }
    const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
    await queue.publishMany(ids.slice(0, 100))
    const worker = queue.process(run, { concurrency: 10 })
    await queue.idle()
    await worker.close()
    expect(await queue.publishMany(ids.slice(100))).toHaveLength(100)
    expect(await queue.withdraw(['150'])).toEqual([{ id: '150', was: 'queued' }])
    expect(await queue.publish('last')).toMatchObject({ outcome: 'queued' })
    await powerCut(server, disk)
    expect((await queue.inspect('150')).state).toBe('absent')
    queue.process(run, { concurrency: 10 })
    await queue.idle()
    expect([...ids, 'last'].filter((id) => !ran.has(id))).toEqual(['150'])
  },
)

testCut('a power cut takes ends back, which are not waited for: what was done runs again', async () => {
  const disk = diskHere()
  const server = await newerHere({ port: 'tcp', dir: disk.folder })
  const queue = open(server)
  const ran: string[] = []
  const worker = queue.process(({ id }) => {
    ran.push(id)
  })
  let id = 0
  const again = (): boolean => ran.filter((one) => one === `${id}`).length === 2
  // Its publish has just been synced, so the next sync is up to a second away; whether the end was quicker is its luck.
  await until('an end is taken back', async () => {
    worker.pause()
    await queue.publish(++id)
    worker.resume()
    await queue.idle()
    expect(ran.at(-1)).toBe(`${id}`)
    await powerCut(server, disk)
    await queue.idle()
    return again()
  })
  expect(again()).toBe(true)
})

testWaiting('each answer that counts is waited for, on a connection of its own; SIGKILL takes nothing', async () => {
  const server = await newerHere({ port: 'tcp' })
  const proxy = await proxyHere(server)
  const sent: (string | undefined)[] = []
  const queue = open(proxy)
  await queue.publishMany(['warm', 'cold'])
  await queue.withdraw(['cold'])
  void proxy.lose((args) => {
    sent.push(args[0])
    return false
  })
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued' })
  expect(await queue.withdraw(['warm'])).toMatchObject([{ was: 'queued' }])
  expect(sent.join(' ')).toMatch(/^(?:EVALSHA WAITAOF ?){2,}$/)
  await server.kill()
  await server.restart()
  expect(await queue.inspectMany(['a', 'warm'])).toMatchObject([{ state: 'queued' }, { state: 'absent' }])
})

testWaiting(
  'one that is not synced in time is OUTCOME_UNKNOWN, whatever call it is, called before or not, and a worker goes on meanwhile',
  async () => {
    const server = await newerHere()
    const queue = open(server)
    const hasty = open(server, { name: queue.name, publishTimeout: 1_500 })
    await queue.publish('warm')
    await connected(hasty)
    // It answers as before, and syncs no more.
    await server.cli('CONFIG', 'SET', 'appendfsync', 'no')
    let answered = false
    const publish = failureOf(hasty.publish('a')).finally(() => {
      answered = true
    })
    const ran: string[] = []
    queue.process(({ id }) => {
      ran.push(id)
    })
    await until('it ran', async () => ran.includes('a'))
    expect(answered).toBe(false)
    expect(await publish).toMatchObject(unsynced)
    expect(await failureOf(hasty.publishMany(['b', 'c']))).toMatchObject(unsynced)
    expect(await failureOf(hasty.withdraw(['b']))).toMatchObject(unsynced)
    // Nobody has called this script before: it is not waited for what is not synced before it is loaded.
    expect(await failureOf(hasty.clear())).toMatchObject(unsynced)
    expect(await queue.stats()).toMatchObject({ queued: 0 })
    await server.cli('CONFIG', 'SET', 'appendfsync', 'everysec')
    await until('it answers', async () => (await failureOf(queue.publish('d'))) === undefined)
  },
)

testWaiting('a log that is turned off under it is no disk: OUTCOME_UNKNOWN, and why', async () => {
  const server = await newerHere()
  const queue = open(server)
  const hasty = open(server, { name: queue.name, publishTimeout: 1_500 })
  await queue.publish('warm')
  await connected(hasty)
  await server.cli('CONFIG', 'SET', 'appendonly', 'no')
  expect(await failureOf(hasty.publish('a'))).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringMatching(/WAITAOF.*appendonly is disabled/),
  })
})

testWaiting('a server that syncs before it answers is not asked to wait', async () => {
  const server = await newerHere({ args: [...LOG, 'always'] })
  const queue = open(server)
  for (let i = 0; i < 3; i++) await queue.publish(i)
  expect(await calls(server, 'waitaof')).toBe(0)
})

testWaiting(
  'one that came back syncing each second: what was on its way is OUTCOME_UNKNOWN, what comes then is waited for',
  async () => {
    const server = await newerHere({ port: 'tcp', args: [...LOG, 'always'] })
    const proxy = await proxyHere(server)
    const queue = open(proxy)
    await queue.publish('warm')
    await server.cli('CONFIG', 'SET', 'appendfsync', 'everysec')
    const lost = proxy.dropReply(callOf(queue, 'publish'))
    expect(await failureOf(queue.publish('a'))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('came back with appendfsync everysec'),
    })
    await lost
    const before = await calls(server, 'waitaof')
    expect(await queue.publish('b')).toMatchObject({ outcome: 'queued', guaranteed: true })
    expect(await calls(server, 'waitaof')).toBeGreaterThan(before)
  },
)

testWaiting.each(['a client', 'a pool'])('over %s given, which is not held up', async (kind) => {
  const server = await newerHere()
  const client = kind === 'a pool' ? createClientPool({ url: server.url }) : createClient({ url: server.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  const over = (name: string, rest: QueueOptions = {}): Queue =>
    closedLater(createQueue(name, { redis: client, durability: 'disk', ...rest }))
  const queue = over(freshName())
  const hasty = over(queue.name, { publishTimeout: 1_500 })
  await connected(hasty)
  expect(await queue.publishMany(['a', 'b'])).toMatchObject([{ outcome: 'queued' }, { outcome: 'queued' }])
  await server.cli('CONFIG', 'SET', 'appendfsync', 'no')
  const held = failureOf(hasty.publish('c'))
  expect(await client.exists('nothing')).toBe(0)
  expect(await held).toMatchObject(unsynced)
})

/** Why it is refused; and nothing was written. */
async function refusal(server: RedisServer, url = server.url): Promise<string> {
  const queue = open({ url })
  const error = (await failureOf(queue.ready())) as Error
  expect(error).toMatchObject({ name: 'ConvoyError', code: 'NOT_DURABLE' })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'NOT_DURABLE' })
  expect(error.message).not.toContain('\n')
  expect(await server.cli('KEYS', '*')).toEqual([])
  return error.message
}

test('a server without WAITAOF is refused, whichever it is', async () => {
  const [known] = await (await durableServer()).cli<unknown[]>('COMMAND', 'INFO', 'waitaof')
  const server = await durableServer({ args: [...EVERYSEC, ...(known ? ['--rename-command', 'WAITAOF', ''] : [])] })
  expect(await refusal(server)).toMatch(
    /appendfsync is everysec.*(Redis|Valkey) [.\d]+ does not tell.*set it to always$/,
  )
  expect(await queueAt({ url: server.url }).publish('a')).toMatchObject({ outcome: 'queued' })
})

testWaiting('a user who may not WAITAOF is refused before the first write, and told what to allow', async () => {
  const server = await newerHere()
  await server.cli('ACL', 'SETUSER', 'driver', 'on', '>pass', '&*', '~*', '+@all', '-waitaof')
  const url = server.url.replace('unix://', 'unix://driver:pass@')
  expect(await refusal(server, url)).toMatch(/this user may not wait for it: allow \+waitaof, or set it to always$/)
  await server.cli('ACL', 'SETUSER', 'driver', '+waitaof')
  expect(await open({ url }).publish('a')).toMatchObject({ outcome: 'queued' })
})

const valkey = findNewer('Valkey')
if (valkey === undefined)
  test.skip(`a server whose WAITAOF is not to be believed is refused: Valkey 8 (${NO_NEWER})`, () => {})
else {
  test('a server whose WAITAOF is not to be believed is refused: Valkey 8', async () => {
    const server = await durableServer({ args: EVERYSEC, rules: WAITING, binary: valkey })
    expect(await refusal(server)).toMatch(
      /Valkey 8[.\d]* does not tell when it is \(Redis 7\.2 and 8 do\): set it to always$/,
    )
    await server.cli('CONFIG', 'SET', 'appendfsync', 'always')
    expect(await open(server).publish('a')).toMatchObject({ outcome: 'queued' })
  })
}

testWaiting.each([
  ['leaves syncing to the system', [...LOG, 'no'], /appendfsync is no, so nothing tells when a write is safe/],
  [
    'syncs nothing while the log is rewritten',
    [...EVERYSEC, '--no-appendfsync-on-rewrite', 'yes'],
    /set no-appendfsync-on-rewrite to no/,
  ],
])('one with WAITAOF that %s is refused', async (_, args, why) => {
  expect(await refusal(await newerHere({ args }))).toMatch(why)
})

testWaiting('a publisher of SECURITY.md takes +config|get and +waitaof besides, as is said there', async () => {
  const server = await newerHere()
  await makeUsers(server)
  const url = urlAs(server.url, 'publisher')
  expect(await refusal(server, url)).toContain('may not run CONFIG|GET')
  await server.cli('ACL', 'SETUSER', 'publisher', '+config|get')
  expect(await refusal(server, url)).toContain('allow +waitaof')
  await server.cli('ACL', 'SETUSER', 'publisher', '+waitaof')
  expect(await open({ url }).publish('a')).toMatchObject({ outcome: 'queued' })
})
