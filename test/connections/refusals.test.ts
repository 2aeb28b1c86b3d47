import { expect, test } from 'vitest'
import type { RedisOptions, RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { failureOf, freshName, keyIn, News, queueAt, serverHere } from './kit.js'

const start = (args: readonly string[] = [], options: RedisOptions = {}): Promise<RedisServer> =>
  serverHere({ args, ...options })

const SHORT = { publishTimeout: 1_000 }

test('NOSCRIPT: an emptied script cache is filled again by one SCRIPT LOAD, and all calls go on', async () => {
  const server = await start()
  const queue = queueAt({ url: server.url })
  await queue.publish('a')
  await server.cli('SCRIPT', 'FLUSH')
  await server.cli('CONFIG', 'RESETSTAT')
  // A tick each: four scripts, two at a time.
  await Promise.all(
    Array.from({ length: 4 }, (_, i) => queue.publishMany(Array.from({ length: 500 }, (__, k) => `${i}-${k}`))),
  )
  const stats = await server.cli('INFO', 'commandstats')
  expect(stats).toMatch(/cmdstat_script\|load:calls=1,/)
  expect(stats).not.toMatch(/cmdstat_eval:/)
})

test('LOADING: a server that reads its data is waited for, however long, and then told its scripts anew', async () => {
  const first = await start(['--save', '3600 1000000'])
  const { dir, socketPath } = first
  const keys = Array.from({ length: 4_000 }, (_, i) => [`key:${i}`, 'x']).flat()
  await first.cli('MSET', ...keys)
  const queue = queueAt({ url: first.url })
  await queue.publish('a')
  await first.cli('SAVE')
  await first.kill()
  const publish = queue.publish('b')
  // 4,000 keys of 250 µs.
  const second = await start(
    [
      '--unixsocket',
      `${socketPath}`,
      '--key-load-delay',
      '250',
      '--loading-process-events-interval-bytes',
      '1024',
      '--save',
      '',
    ],
    { dir },
  )
  expect(await publish).toMatchObject({ outcome: 'queued' })
  expect(await second.cli('INFO', 'commandstats')).toMatch(/cmdstat_evalsha:.*rejected_calls=[1-9]/)
  expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate' })
})

test('BUSY: a script that runs for ever is waited for until somebody kills it', async () => {
  const server = await start(['--busy-reply-threshold', '20'])
  const queue = queueAt({ url: server.url })
  await queue.ready()
  const endless = failureOf(server.cli('EVAL', 'while true do end', 0))
  await until('the server is busy', async () => String(await failureOf(server.cli('PING'))).includes('BUSY'))
  const publish = queue.publish('a')
  await server.cli('SCRIPT', 'KILL')
  expect(await publish).toMatchObject({ outcome: 'queued' })
  expect(await endless).toMatchObject({ message: expect.stringContaining('killed') })
})

test('OOM: a publish is REFUSED after its patience, and what runs is settled, renewed and released all the same', async () => {
  const server = await start(['--maxmemory-policy', 'noeviction'])
  const queue = queueAt({ url: server.url }, { ...SHORT, lease: 300 })
  await queue.publishMany(['done', 'held', 'given back'])
  const begun: string[] = []
  let end = (): void => {}
  const worker = queue.process(
    ({ id }) => {
      begun.push(id)
      if (id !== 'done') return new Promise(() => {})
      return new Promise<void>((resolve) => {
        end = resolve
      })
    },
    { concurrency: 3, abortGrace: 0 },
  )
  await until('three run', async () => begun.length === 3)
  await server.cli('CONFIG', 'SET', 'maxmemory', '1mb')
  const before = await queue.inspect('held')
  expect(await failureOf(queue.publish('more'))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('OOM'),
  })
  end()
  await until('the end was taken', async () => (await queue.stats()).totals.done === 1)
  await until('the lease was renewed', async () => {
    const now = await queue.inspect('held')
    return Number(now.claim?.leaseEnd) > Number(before.claim?.leaseEnd)
  })
  await worker.close({ timeout: 0 })
  expect(await queue.stats()).toMatchObject({ queued: 2, processing: 0, committed: 2 })
  await server.cli('CONFIG', 'SET', 'maxmemory', '0')
  expect(await queue.publish('more')).toMatchObject({ outcome: 'queued' })
})

test('READONLY: a replica refuses a publish, which waits for its promotion', async () => {
  const master = await start(['--repl-diskless-sync-delay', '0'], { port: 'tcp' })
  const replica = await start([
    '--replicaof',
    '127.0.0.1',
    `${master.port}`,
    '--masteruser',
    'admin',
    '--masterauth',
    'admin',
  ])
  await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
  const queue = queueAt({ url: replica.url }, SHORT)
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('READONLY'),
  })
  const patient = queueAt({ url: replica.url })
  const publish = patient.publish('a')
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  expect(await publish).toMatchObject({ outcome: 'queued' })
})

test('NOREPLICAS: a master that must not write alone refuses, also a duplicate, and nothing is stored', async () => {
  const server = await start()
  const queue = queueAt({ url: server.url }, SHORT)
  await queue.publish('a')
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
  for (const id of ['a', 'b']) {
    const error = await failureOf(queue.publish(id))
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('NOREPLICAS') })
  }
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
  expect(await server.cli('LRANGE', keyIn(queue, 'queued'), 0, -1)).toEqual(['a'])
})

test('MISCONF: a server that cannot save refuses, and goes on once it can', async () => {
  const server = await start(['--save', '3600 1'])
  const queue = queueAt({ url: server.url }, SHORT)
  await queue.publish('a')
  await failBackgroundSave(server)
  expect(await failureOf(queue.publish('b'))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringContaining('MISCONF'),
  })
  await server.cli('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no')
  expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
})

/** Its child is killed while it saves. */
async function failBackgroundSave(server: RedisServer): Promise<void> {
  await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', '10000000')
  await server.cli('BGSAVE')
  const info = await server.cli('INFO', 'persistence')
  expect(info).toContain('rdb_bgsave_in_progress:1')
  const children = /Background saving started by pid (\d+)/.exec(server.output)
  process.kill(Number(children?.[1]), 'SIGKILL')
  await server.cli('CONFIG', 'SET', 'rdb-key-save-delay', '0')
  await until('the save has failed', async () =>
    (await server.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
  )
}

test('max number of clients: a connection that is refused is tried again until there is room', async () => {
  // The guest is a user like any other, and is to set things right.
  const server = await start([], { rules: ['~*', '&*', '+@all'] })
  const { createClient } = await import('redis')
  const guest = await createClient({ url: server.url })
    .on('error', () => {})
    .connect()
  await server.cli('CONFIG', 'SET', 'maxclients', '1')
  const impatient = queueAt({ url: server.url }, SHORT)
  // Why is a race on the server's side: it writes the reason, and closes on what we write.
  expect(await failureOf(impatient.publish('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  const queue = queueAt({ url: server.url })
  const news = new News(queue)
  const publish = queue.publish('a')
  await news.heard('suspended')
  await guest.sendCommand(['CONFIG', 'SET', 'maxclients', '100'])
  expect(await publish).toMatchObject({ outcome: 'queued' })
  guest.destroy()
})

test('a queue called BUSY, whose keys are named in an error, is not taken for a busy server', async () => {
  const server = await start()
  await server.cli('SET', 'convoy:{BUSY}:queued', 'x')
  const queue = queueAt({ url: server.url }, { name: 'BUSY' })
  expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'WRONG_KEY' })
})

test('a plain client at one node of a cluster is told what to give instead', async () => {
  const node = await start(['--cluster-enabled', 'yes'], { port: 'tcp' })
  const queue = queueAt({ url: node.url }, { ...SHORT, name: freshName() })
  expect(await failureOf(queue.ready({ timeout: 1_000 }))).toMatchObject({
    code: 'REFUSED',
    message: expect.stringMatching(/CLUSTERDOWN|cluster/),
  })
})
