import { createClient, createClientPool } from 'redis'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { closedLater, durableServer, failureOf, freshName } from './kit.js'

// The script has run, and what was to tell whether its write is safe fails by itself.

let master: RedisServer
let replica: RedisServer

beforeEach(async () => {
  master = await durableServer({ port: 'tcp', args: ['--repl-diskless-sync-delay', '0'] })
  replica = await durableServer({ port: 'tcp', args: ['--replicaof', '127.0.0.1', `${master.port}`] })
  await until('in step', async () => (await replica.cli('INFO', 'replication')).includes('link_status:up'))
})

const WAYS = {
  'a client': (url: string, most?: number) =>
    createClient({
      url,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      ...(most === undefined ? {} : { commandsQueueMaxLength: most }),
    }),
  'a pool': (url: string) => createClientPool({ url }),
}

async function open(kind: keyof typeof WAYS, { most, ...rest }: QueueOptions & { most?: number } = {}): Promise<Queue> {
  const client = WAYS[kind](master.url, most)
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.destroy())
  const durability = { replicas: 1, timeout: 5_000 }
  const queue = closedLater(createQueue(freshName(), { redis: client, durability, publishTimeout: 20_000, ...rest }))
  await queue.publish('before')
  return queue
}

test.each(['a client', 'a pool'] as const)(
  'over %s: the right to WAIT taken away meanwhile is an unknown outcome, told at once',
  async (kind) => {
    const queue = await open(kind)
    await master.cli('ACL', 'SETUSER', 'default', '-wait')
    expect(await failureOf(queue.publish('a'))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringMatching(/^the server has it, but could not be asked whether it is safe: NOPERM .*'wait'/),
    })
    expect(await queue.inspect('a')).toMatchObject({ state: 'queued' })
    // Nor was it sent again.
    expect((await queue.stats()).totals).toMatchObject({ published: 2, duplicates: 0 })
  },
)

test('a client whose queue has room for the script alone: told as repeated', async () => {
  const queue = await open('a client', { most: 2 })
  replica.pause()
  onTestFinished(() => replica.resume())
  /** Bytes that came behind the WAIT, and are not read before it is over. */
  const behind = async (): Promise<number> =>
    Number(/ flags=b .* qbuf=(\d+) .* cmd=wait /.exec(await master.cli('CLIENT', 'LIST'))?.[1] ?? -1)
  const held = queue.publish('held')
  await until('it waits', async () => (await behind()) >= 0)
  const before = await behind()
  const publish = queue.publish('a')
  await until('its script is there', async () => (await behind()) > before)
  replica.resume()
  await held
  expect(await publish).toMatchObject({ outcome: 'duplicate', was: 'queued', repeated: true })
})
