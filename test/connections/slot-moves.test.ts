import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createQueue, type Queue, type QueueOptions } from '../../src/index.js'
import { Latch } from '../support/latch.js'
import { type RedisCluster, startCluster } from '../support/redis-cluster.js'
import type { RedisServer } from '../support/redis-server.js'
import { SlotMove } from '../support/slot-move.js'
import { until } from '../support/until.js'
import { closedLater, clusterClient, failureOf, freshName, keyIn, News } from './kit.js'

/** Three masters and a replica each. */
let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startCluster(3, [], 1)
}, 60_000)

afterAll(() => cluster.stop())

async function open(options: QueueOptions = {}): Promise<Queue> {
  return closedLater(
    createQueue(freshName(), { redis: await clusterClient(cluster), publishTimeout: 20_000, ...options }),
  )
}

/** How often this node has answered so. */
async function refusals(node: RedisServer, code: string): Promise<number> {
  const stats = await node.cli('INFO', 'errorstats')
  return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(stats)?.[1] ?? 0)
}

/** Resolves once this node has answered so again. */
async function refused(node: RedisServer, code: string): Promise<void> {
  const before = await refusals(node, code)
  await until(`${code} again`, async () => (await refusals(node, code)) > before)
}

interface Scene {
  readonly from: RedisServer
  readonly to: RedisServer
  readonly move: SlotMove
  finish(): Promise<void>
}

/** The slot of this queue begins to move. */
async function begin(queue: Queue, newcomer = false): Promise<Scene> {
  const key = keyIn(queue, 'queued')
  const from = await cluster.nodeOf(key)
  const to = newcomer ? await cluster.newcomer() : cluster.nodes.find((node) => node !== from)
  if (to === undefined) throw new Error('a cluster of one')
  const move = await SlotMove.begin(await from.cli<number>('CLUSTER', 'KEYSLOT', key), from, to)
  const finish = async (): Promise<void> => {
    await move.carryRest()
    await move.finish(cluster.nodes)
  }
  // A test that fails leaves the next a cluster that agrees.
  onTestFinished(() => finish().catch(() => {}))
  return { from, to, move, finish }
}

/** Runs what it is given; one that is held runs until it is let go. */
function work(queue: Queue) {
  const ran: string[] = []
  const held = new Latch()
  const begun = new Latch(2)
  queue.process(
    async ({ id }) => {
      ran.push(id)
      begun.countDown()
      if (id.startsWith('held')) await held.wait
    },
    { concurrency: 4, abortGrace: 0 },
  )
  return { ran, held, begun }
}

test('TRYAGAIN, ASK, MOVED and NOSCRIPT, one after the other: callers wait and follow, what was claimed is settled, nothing comes twice', async () => {
  const queue = await open()
  const news = new News(queue)
  const { ran, held, begun } = work(queue)
  await queue.publishMany(['held:1', 'held:2'])
  await begun.wait
  const { from, to, move, finish } = await begin(queue)
  // It has never run these.
  await to.cli('SCRIPT', 'FLUSH')
  await move.carry(keyIn(queue, 'committed'))
  let answered = false
  const publishing = queue.publishMany(['a', 'held:2', 'b']).finally(() => {
    answered = true
  })
  await refused(from, 'TRYAGAIN')
  // Two claims are settled while their keys are in two places.
  held.open()
  await refused(from, 'TRYAGAIN')
  await move.carryRest()
  await refused(from, 'ASK')
  // It takes calls that say ASKING, and none that asks for a key that is nowhere.
  await refused(to, 'TRYAGAIN')
  expect(answered).toBe(false)
  await finish()
  const verdicts = await publishing
  expect(verdicts).toMatchObject([
    { id: 'a', outcome: 'queued', guaranteed: true },
    { id: 'held:2' },
    { id: 'b', outcome: 'queued', guaranteed: true },
  ])
  // Refused is not unknown: none of them may have met itself.
  for (const verdict of verdicts) expect(verdict).not.toHaveProperty('repeated')
  await queue.idle()
  // The second may have been done before it was published again.
  const again = verdicts[1]?.outcome === 'queued' ? 1 : 0
  expect(ran.sort()).toEqual(['a', 'b', 'held:1', 'held:2', ...(again ? ['held:2'] : [])].sort())
  const done = 4 + again
  const counts = { entered: done, left: done, done, published: 5, duplicates: 1 - again, lost: 0, jammed: 0 }
  expect((await queue.stats()).totals).toMatchObject(counts)
  expect(await refusals(to, 'NOSCRIPT')).toBeGreaterThan(0)
  expect(news.told).toEqual([])
  expect(news.errors).toEqual([])
  expect(await to.cli('EXISTS', keyIn(queue, 'totals'))).toBe(1)
})

const WAYS: readonly (readonly [
  where: string,
  newcomer: boolean,
  play: (scene: Scene, queue: Queue) => Promise<void>,
])[] = [
  ['some keys are here and some there', false, ({ move }, queue) => move.carry(keyIn(queue, 'committed'))],
  ['all keys are there, and it is not told so', false, ({ move }) => move.carryRest()],
  ['all keys are with a node that has no slot yet, which clients do not know', true, ({ move }) => move.carryRest()],
]

test.each(WAYS)('for longer than one waits %s: REFUSED in time, and nothing has run', async (_, newcomer, play) => {
  const queue = await open({ publishTimeout: 1_500 })
  const news = new News(queue)
  await queue.publish('before')
  const scene = await begin(queue, newcomer)
  await play(scene, queue)
  const began = performance.now()
  expect(await failureOf(queue.publish('a'))).toMatchObject({ name: 'ConvoyError', code: 'REFUSED' })
  expect(performance.now() - began).toBeLessThan(3_000)
  await scene.finish()
  const published = async (): Promise<unknown> => queue.publish('b').catch(() => undefined)
  await until('it answers', async () => (await published()) !== undefined)
  expect(await queue.inspectMany(['before', 'a', 'b'])).toMatchObject([
    { state: 'queued' },
    { state: 'absent' },
    { state: 'queued' },
  ])
  expect(news.told).toEqual([])
})

test('two nodes that point at each other: a call waits until they agree, and is no repetition', async () => {
  const queue = await open()
  const news = new News(queue)
  await queue.publish('before')
  const { from, move, finish } = await begin(queue)
  await move.carryRest()
  await move.tell(from)
  const before = await refusals(from, 'MOVED')
  const publish = queue.publish('a')
  // Its client gives up after sixteen, half of them from here: more come of a second call.
  await until('it is sent again', async () => (await refusals(from, 'MOVED')) > before + 20)
  await finish()
  const verdict = await publish
  expect(verdict).toMatchObject({ outcome: 'queued', guaranteed: true })
  expect(verdict).not.toHaveProperty('repeated')
  expect(news.told).toEqual([])
})

test('with { replicas }: callers wait for the new node, and its replicas are those that count', async () => {
  const queue = await open({ durability: { replicas: 1, timeout: 1_500 } })
  await queue.publish('before')
  const { from, to, move, finish } = await begin(queue)
  await move.carry(keyIn(queue, 'committed'))
  const publish = queue.publish('a')
  await refused(from, 'TRYAGAIN')
  await move.carryRest()
  await refused(from, 'ASK')
  await finish()
  expect(await publish).toMatchObject({ outcome: 'queued', guaranteed: true })
  expect((await queue.stats()).totals).toMatchObject({ entered: 2, published: 2, duplicates: 0 })
  const replica = cluster.replicas[cluster.nodes.indexOf(to)]
  replica?.pause()
  onTestFinished(() => replica?.resume())
  expect(await failureOf(queue.publish('b'))).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringContaining('0 of 1 replicas confirmed it'),
  })
})

test('{ replicas } while the slot moves for longer than one waits: REFUSED, and nothing is said of another client', async () => {
  const queue = await open({ publishTimeout: 1_500, durability: { replicas: 1, timeout: 3_000 } })
  await queue.publish('before')
  const { move, finish } = await begin(queue)
  await move.carryRest()
  const refusal = await failureOf(queue.publish('a'))
  expect(refusal).toMatchObject({ code: 'REFUSED' })
  expect((refusal as Error).message).not.toContain('createCluster')
  await finish()
  expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
})

test('{ replicas } when the right to WAIT is taken away: an unknown outcome, told at once', async () => {
  const say = (rule: string): Promise<unknown> =>
    Promise.all(cluster.nodes.map((node) => node.cli('ACL', 'SETUSER', 'default', rule)))
  const queue = await open({ durability: { replicas: 1, timeout: 1_500 } })
  await queue.publish('before')
  await say('-wait')
  onTestFinished(async () => void (await say('+wait')))
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringMatching(/^the server has it, but could not be asked .*'wait'/),
  })
  expect(await queue.inspect('a')).toMatchObject({ state: 'queued' })
  expect((await queue.stats()).totals).toMatchObject({ published: 2, duplicates: 0 })
})

test('a user who may not say ASKING is refused before the first write, not in the middle of a move', async () => {
  const say = (rule: string): Promise<unknown> =>
    Promise.all(cluster.nodes.map((node) => node.cli('ACL', 'SETUSER', 'default', rule)))
  await say('-asking')
  onTestFinished(async () => void (await say('+asking')))
  const queue = await open()
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.stringContaining('may not run ASKING'),
  })
})
