import { createClient, createClientPool } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { audit } from '../../src/audit/index.js'
import { createQueue, type Durability, memoryStore, type Queue } from '../../src/index.js'
import { whyNoDisk } from '../chaos/scene/loop-disk.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { diskHere, powerCut } from './durability-cut.js'
import {
  callOf,
  closedLater,
  failureOf,
  freshName,
  keyIn,
  News,
  proxyHere,
  queueAt,
  durableServer as serverHere,
} from './kit.js'

const ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always']
const TCP = { port: 'tcp' } as const

const open = (server: { readonly url: string }, durability?: Durability, rest: object = {}): Queue =>
  queueAt({ url: server.url }, { ...(durability === undefined ? {} : { durability }), ...rest })

/** Why it is refused: by ready(), by a publish, and nothing was written. */
async function refusal(server: RedisServer, durability?: Durability): Promise<string> {
  const queue = open(server, durability)
  const error = (await failureOf(queue.ready())) as Error
  expect(error).toMatchObject({ name: 'ConvoyError', code: 'NOT_DURABLE' })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'NOT_DURABLE' })
  expect(error.message).not.toContain('\n')
  expect(await server.cli('KEYS', '*')).toEqual([])
  return error.message
}

/** A master and so many replicas, in step. */
async function group(replicas: number): Promise<[master: RedisServer, ...replicas: RedisServer[]]> {
  const master = await serverHere({ ...TCP, args: ['--repl-diskless-sync-delay', '0'] })
  const others: RedisServer[] = []
  for (let i = 0; i < replicas; i++) {
    const replica = await serverHere({ ...TCP, args: ['--replicaof', '127.0.0.1', `${master.port}`] })
    others.push(replica)
    await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
  }
  return [master, ...others]
}

const calls = async (server: RedisServer, command: string): Promise<number> => {
  const stats = await server.cli('INFO', 'commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

test.each(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])(
  'a server that evicts by %s is refused in every mode',
  async (policy) => {
    const server = await serverHere({ args: [...ALWAYS, '--maxmemory-policy', policy] })
    for (const durability of [undefined, 'memory', 'disk', { replicas: 1 }] as const) {
      expect(await refusal(server, durability)).toBe(
        `maxmemory-policy is ${policy}, which may throw keys of a queue away: set it to noeviction`,
      )
    }
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    expect(await open(server).publish('a')).toMatchObject({ outcome: 'queued' })
  },
)

test.each([
  ['there is no append-only file', [], /there is no append-only file: set appendonly yes and appendfsync always/],
  ['it leaves it to the system', ['--appendonly', 'yes', '--appendfsync', 'no'], /appendfsync is no.*set it to always/],
  [
    'it syncs nothing while the log is rewritten',
    [...ALWAYS, '--no-appendfsync-on-rewrite', 'yes'],
    /set no-appendfsync-on-rewrite to no/,
  ],
])("durability 'disk' is refused by a server where %s", async (_, args, why) => {
  const server = await serverHere({ args })
  expect(await refusal(server, 'disk')).toMatch(why)
  expect(await open(server).publish('a')).toMatchObject({ outcome: 'queued' })
})

test("durability 'disk': what was answered is there after the server was killed", async () => {
  const server = await serverHere({ args: ALWAYS })
  const queue = open(server, 'disk')
  const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
  await Promise.all(ids.map((id) => queue.publish(id)))
  await server.kill()
  await server.restart()
  const found = await queue.inspectMany(ids)
  expect(found.filter(({ state }) => state === 'queued')).toHaveLength(200)
})

const why = whyNoDisk()
const testCut = why === undefined ? test : test.skip

testCut(
  `durability 'disk': a power cut takes nothing that was answered, and no end${why === undefined ? '' : ` (${why})`}`,
  async () => {
    const disk = diskHere()
    const server = await serverHere({ ...TCP, dir: disk.folder, args: ALWAYS })
    const queue = open(server, 'disk')
    const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
    const ran: string[] = []
    await queue.publishMany(ids.slice(0, 100))
    const worker = queue.process(({ id }) => {
      ran.push(id)
    })
    await queue.idle()
    await worker.close()
    await Promise.all(ids.slice(100).map((id) => queue.publish(id)))
    await powerCut(server, disk)
    const states = (await queue.inspectMany(ids)).map(({ state }) => state)
    expect(states).toEqual([...Array(100).fill('absent'), ...Array(100).fill('queued')])
    expect(ran).toHaveLength(100)
  },
)

test("durability 'disk' is checked anew with each connection: a server that came back without its log is refused until it has one", async () => {
  const server = await serverHere({ ...TCP, args: ALWAYS })
  const proxy = await proxyHere(server)
  const queue = open(proxy, 'disk', { publishTimeout: 2_000 })
  const news = new News(queue)
  await queue.publish('a')
  await server.cli('CONFIG', 'SET', 'appendfsync', 'no')
  proxy.cut()
  await news.heard('suspended')
  await until(
    'it is refused',
    async () => ((await failureOf(queue.publish('b'))) as { code?: string })?.code === 'NOT_DURABLE',
  )
  expect(await server.cli('LLEN', keyIn(queue, 'queued'))).toBe(1)
  await server.cli('CONFIG', 'SET', 'appendfsync', 'always')
  await news.heard('resumed')
  expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
})

test.each([
  ['INFO', ['-info'], /may not run INFO/],
  ['CONFIG|GET', ['-config'], /may not run CONFIG\|GET: allow \+info and \+config\|get/],
])(
  "durability 'disk' is not taken on trust: a user who may not run %s is told what to allow; the default asks nothing of him",
  async (_, rules, why) => {
    const server = await serverHere({ args: ALWAYS })
    await server.cli('ACL', 'SETUSER', 'driver', 'on', '>pass', '&*', '~*', '+@all', ...rules)
    const url = server.url.replace('unix://', 'unix://driver:pass@')
    expect(await failureOf(open({ url }, 'disk').ready())).toMatchObject({
      code: 'NOT_DURABLE',
      message: expect.stringMatching(why),
    })
    expect(await open({ url }).publish('a')).toMatchObject({ outcome: 'queued' })
  },
)

test('replicas: a publish is answered once they have it; each of them does', async () => {
  const [master, ...replicas] = await group(2)
  const queue = open(master, { replicas: 2, timeout: 5_000 })
  for (let i = 0; i < 20; i++) {
    expect(await queue.publish(i)).toMatchObject({ outcome: 'queued' })
    for (const replica of replicas) expect(await replica.cli('SISMEMBER', keyIn(queue, 'committed'), i)).toBe(1)
  }
  expect(await calls(master, 'wait')).toBeGreaterThanOrEqual(20)
})

test('replicas: one that hangs makes publish, withdraw, clear and a repair OUTCOME_UNKNOWN, also after a reconnection; workers go on', async () => {
  const [master, replica] = await group(1)
  const proxy = await proxyHere(master)
  const queue = open(proxy, { replicas: 1, timeout: 400 })
  await until('the replica keeps up', async () => (await failureOf(queue.publish('warm'))) === undefined)
  replica?.pause()
  onTestFinished(() => replica?.resume())
  const unknown = {
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringContaining('0 of 1 replicas confirmed it within 400 ms'),
  }
  expect(await failureOf(queue.publish('a'))).toMatchObject(unknown)
  expect(await master.cli('SISMEMBER', keyIn(queue, 'committed'), 'a')).toBe(1)
  // A new connection has written nothing, and WAIT would be content with that.
  proxy.cut()
  expect(await failureOf(queue.publish('a'))).toMatchObject(unknown)
  expect(await failureOf(queue.publishMany(['a', 'b']))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect(await failureOf(queue.withdraw(['warm']))).toMatchObject(unknown)
  const ran: string[] = []
  queue.process(({ id }) => {
    ran.push(id)
  })
  await queue.idle()
  expect(ran).toEqual(['a', 'b'])
  expect(await failureOf(queue.clear())).toMatchObject(unknown)
  await master.cli('SADD', keyIn(queue, 'committed'), 'nowhere')
  expect(await failureOf(audit(queue, { repair: true }))).toMatchObject(unknown)
  replica?.resume()
  await until('it answers', async () => (await failureOf(queue.publish('c'))) === undefined)
})

test('replicas: an answer that was lost on the way back is asked for again, with its WAIT', async () => {
  const [master, replica] = await group(1)
  const proxy = await proxyHere(master)
  const queue = open(proxy, { replicas: 1, timeout: 1_500 })
  await queue.publish('warm')
  const lost = proxy.dropReply(callOf(queue, 'publish'))
  expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate', repeated: true })
  await lost
  const again = proxy.dropReply('WAIT')
  expect(await queue.publish('b')).toMatchObject({ outcome: 'duplicate', repeated: true })
  await again
  expect(await replica?.cli('SCARD', keyIn(queue, 'committed'))).toBe(3)
})

test('replicas: WAIT goes right behind its script, before that is answered: so both are of one connection', async () => {
  const [master] = await group(1)
  const proxy = await proxyHere(master)
  const queue = open(proxy, { replicas: 1 })
  await queue.publish('warm')
  const sent: (string | undefined)[] = []
  void proxy.lose((args) => {
    sent.push(args[0])
    return false
  })
  proxy.delay(1_500)
  let answered = false
  const publish = queue.publish('a').finally(() => {
    answered = true
  })
  await until('WAIT was sent', async () => sent.includes('WAIT'))
  expect([sent, answered]).toEqual([['EVALSHA', 'WAIT'], false])
  await publish
})

test('replicas: too few at the start is refused in one line', async () => {
  const [master] = await group(1)
  const queue = open(master, { replicas: 2 })
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'NOT_DURABLE',
    message: '2 replicas were asked for, the server has 1: add replicas, or ask for fewer',
  })
  expect(await master.cli('KEYS', '*')).toEqual([])
})

test('replicas: one that joins while the queue looks counts', async () => {
  const [master] = await group(0)
  const replica = await serverHere(TCP)
  const published = open(master, { replicas: 1 }).publish('a')
  await until('it was missed once', async () => (await calls(master, 'wait')) >= 2)
  await replica.cli('REPLICAOF', '127.0.0.1', `${master.port}`)
  expect(await published).toMatchObject({ outcome: 'queued' })
})

test('replicas: a user who may not WAIT is refused before the first write', async () => {
  const [master] = await group(1)
  await master.cli('ACL', 'SETUSER', 'driver', 'on', '>pass', '&*', '~*', '+@all', '-wait')
  const queue = open({ url: master.url.replace('redis://', 'redis://driver:pass@') }, { replicas: 1 })
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.stringMatching(/wait/i),
  })
  expect(await master.cli('KEYS', '*')).toEqual([])
})

test("replicas: a WAIT holds up nothing of the worker's, which has another connection", async () => {
  const [master, replica] = await group(1)
  const queue = open(master, { replicas: 1, timeout: 3_000 })
  const ran: string[] = []
  queue.process(({ id }) => {
    ran.push(id)
  })
  await queue.publish('warm')
  await queue.idle()
  replica?.pause()
  onTestFinished(() => replica?.resume())
  const publish = failureOf(queue.publish('a'))
  await until('it ran', async () => ran.includes('a'))
  await queue.idle()
  let answered = false
  void publish.then(() => {
    answered = true
  })
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
  expect(answered).toBe(false)
  expect(await publish).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
})

test.each(['a client', 'a pool'])('replicas over %s given', async (kind) => {
  const [master, replica] = await group(1)
  const client = kind === 'a pool' ? createClientPool({ url: master.url }) : createClient({ url: master.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  const queue = closedLater(createQueue(freshName(), { redis: client, durability: { replicas: 1, timeout: 1_500 } }))
  expect(await queue.publishMany(['a', 'b'])).toMatchObject([{ outcome: 'queued' }, { outcome: 'queued' }])
  expect(await replica?.cli('SCARD', keyIn(queue, 'committed'))).toBe(2)
  replica?.pause()
  onTestFinished(() => replica?.resume())
  const held = failureOf(queue.publish('c'))
  // What the owner of the client sends meanwhile is not held up.
  expect(await client.exists('another')).toBe(0)
  expect(await held).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
})

test('the default costs nothing: a publish is one command', async () => {
  const server = await serverHere()
  const queue = open(server)
  await queue.publish('first')
  await server.cli('CONFIG', 'RESETSTAT')
  for (let i = 0; i < 5; i++) await queue.publish(i)
  const stats = await server.cli('INFO', 'commandstats')
  const names = [...stats.matchAll(/cmdstat_([^:]+):calls=\d+/g)].map(([, name]) => name)
  expect(await calls(server, 'evalsha')).toBe(5)
  for (const name of ['wait', 'info', 'exec', 'ping']) expect(names).not.toContain(name)
})

test('a store in memory refuses what it cannot give, at once', () => {
  for (const durability of ['disk', { replicas: 1 }] as const) {
    expect(() => createQueue('q', { store: memoryStore(), durability })).toThrow(
      expect.objectContaining({ code: 'NOT_DURABLE', message: expect.stringContaining('memory store') }),
    )
  }
  expect(createQueue('q', { store: memoryStore(), durability: 'memory' }).name).toBe('q')
})

test.each([
  ['dsik', /Did you mean 'disk'/],
  [7, /expected one of memory, disk, \{ replicas, timeout \}, not 7/],
  [{ replica: 1 }, /there is no option 'replica'.*'replicas'/],
  [{ replicas: 0 }, /replicas: expected an integer from 1 to 100, not 0/],
  [{ replicas: 1.5 }, /replicas: expected an integer/],
  [{ timeout: 5 }, /replicas: expected an integer from 1 to 100, not undefined/],
  [{ replicas: 1, timeout: 0 }, /timeout: expected a duration of at least 1 ms, not 0/],
  [{ replicas: 1, timeout: '5s' }, /timeout: expected a duration.*PT5S/],
])('durability %j is refused, naming what was wrong', (durability, why) => {
  const create = (): Queue => createQueue('q', { store: memoryStore(), durability: durability as Durability })
  expect(create).toThrow(expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(why) }))
})
