import { expect, onTestFinished, test } from 'vitest'
import type { Durability, Queue } from '../../src/index.js'
import { whyNoDisk } from '../chaos/scene/loop-disk.js'
import { Stage } from '../queue/stage.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { diskHere, powerCut } from './durability-cut.js'
import { durableServer, keyIn, proxyHere, queueAt } from './kit.js'

// What no durability can promise: a server that is back at an earlier state has lost what came since, ends among it.

const ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always']
const MODES: readonly Durability[] = ['memory', 'disk', { replicas: 1, timeout: 5_000 }]

interface Group {
  /** By the name that all know, which leads to the master. */
  readonly queue: Queue
  readonly master: RedisServer
  /** The replica that has what was answered. */
  readonly near: RedisServer
  /** The one that becomes the master. */
  readonly late: RedisServer
  /** Once it has this many IDs, `late` hears nothing more of its master. */
  cutOff(committed: number): Promise<void>
  /** The master dies; `late` is the master, and `near` follows it. The name leads to it once `meanwhile` is over. */
  failOver(meanwhile?: () => Promise<void>): Promise<void>
}

const follows = (replica: RedisServer, master: RedisServer): Promise<void> =>
  until('it follows', async () => {
    const state = await replica.cli('INFO', 'replication')
    return state.includes(`master_port:${master.port}\r\n`) && state.includes('link_status:up')
  })

/** Servers that give what is asked for, and a queue that asks for it. */
async function group(durability: Durability): Promise<Group> {
  const args = ['--repl-diskless-sync-delay', '0', ...(durability === 'disk' ? ALWAYS : [])]
  const master = await durableServer({ port: 'tcp', args })
  const replica = async (): Promise<RedisServer> => {
    const one = await durableServer({ port: 'tcp', args: [...args, '--replicaof', '127.0.0.1', `${master.port}`] })
    await follows(one, master)
    return one
  }
  const [near, late] = [await replica(), await replica()]
  const proxy = await proxyHere(master)
  const queue = queueAt({ url: proxy.url }, { durability })
  return {
    ...{ queue, master, near, late },
    async cutOff(committed) {
      const held = (): Promise<unknown> => late.cli('SCARD', keyIn(queue, 'committed'))
      await until('it has them', async () => (await held()) === committed)
      await late.cli('REPLICAOF', 'NO', 'ONE')
    },
    async failOver(meanwhile = async () => {}) {
      await master.kill()
      await near.cli('REPLICAOF', '127.0.0.1', late.port ?? 0)
      await follows(near, late)
      await meanwhile()
      proxy.moveTo(late)
    },
  }
}

test.each(MODES)(
  'a failover to a replica that had not got it takes what was answered, with durability %j',
  async (durability) => {
    const { queue, cutOff, failOver } = await group(durability)
    await queue.publish('before')
    await cutOff(1)
    expect(await queue.publish('since')).toMatchObject({ outcome: 'queued', guaranteed: true })
    await failOver()
    expect(await queue.inspectMany(['before', 'since'])).toMatchObject([{ state: 'queued' }, { state: 'absent' }])
    expect(await queue.publish('since')).toMatchObject({ outcome: 'queued', was: 'absent' })
  },
)

test.each(MODES)(
  'a failover takes ends back: what was done runs again, and a run that still went on is refused its end, with durability %j',
  async (durability) => {
    const { queue, late, cutOff, failOver } = await group(durability)
    const lost = new Promise<string>((resolve) => queue.on('lost', resolve))
    const [before, after] = [new Stage(), new Stage()]
    onTestFinished(() => {
      for (const stage of [before, after]) stage.open()
    })
    await queue.publishMany(['done', 'running'])
    await cutOff(2)
    const worker = queue.process(before.handler, { concurrency: 2 })
    await before.begins(2)
    // The new master's IDs are for another one: who claims again what it still runs knows of the loss by itself.
    worker.pause()
    before.end('done')
    await until('it is done', async () => (await queue.inspect('done')).state === 'absent')
    const other = queueAt({ url: late.url }, { name: queue.name })
    await failOver(async () => {
      other.process(after.handler, { concurrency: 2 })
      await after.begins(2)
      expect(after.ids.toSorted()).toEqual(['done', 'running'])
      // Before the worker is back, or a renewal might tell it of the loss, and it would not even ask to end it.
      before.end('running')
      await until('it has ended', async () => worker.running === 0)
    })
    expect(await lost).toBe('running')
    expect((await other.inspect('running')).state).toBe('processing')
    after.open()
    await other.idle()
    expect((await other.stats()).totals).toMatchObject({ done: 2, lost: 1 })
  },
)

test('a master without a log that comes back before anybody has failed over is empty, and its replicas follow it', async () => {
  const { queue, master, near, late } = await group({ replicas: 2, timeout: 5_000 })
  expect(await queue.publish('a')).toMatchObject({ outcome: 'queued', guaranteed: true })
  const has = (server: RedisServer): Promise<unknown> => server.cli('SISMEMBER', keyIn(queue, 'committed'), 'a')
  expect([await has(near), await has(late)]).toEqual([1, 1])
  await master.kill()
  await master.restart()
  expect(await has(master)).toBe(0)
  for (const replica of [near, late]) await until('it follows', async () => (await has(replica)) === 0)
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
})

const why = whyNoDisk()
const testCut = why === undefined ? test : test.skip

testCut(
  `a power cut takes ends back that had not reached the disk: what was done runs again${why === undefined ? '' : ` (${why})`}`,
  async () => {
    const disk = diskHere()
    const server = await durableServer({ port: 'tcp', dir: disk.folder, args: ALWAYS })
    const queue = queueAt({ url: server.url })
    const ran: string[] = []
    const worker = queue.process(({ id }) => {
      ran.push(id)
    })
    worker.pause()
    await queue.publish('a')
    // What comes now is in the log, and reaches the disk when the system sees fit.
    await server.cli('CONFIG', 'SET', 'appendfsync', 'no')
    worker.resume()
    await queue.idle()
    expect(ran).toEqual(['a'])
    await powerCut(server, disk)
    await queue.idle()
    expect(ran).toEqual(['a', 'a'])
    expect((await queue.stats()).totals).toMatchObject({ entered: 1, done: 1, left: 1 })
  },
)
