import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../src/index.js'
import { KEYS, keyOf, type Part } from '../../src/redis/keys.js'
import { scriptsFor } from '../../src/redis/scripts.js'
import type { Settlement } from '../../src/step.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { failureOf, freshName, keyIn, queueAt } from './kit.js'

let server: RedisServer
let plain: ReturnType<typeof rawClient>

beforeAll(async () => {
  server = await startRedis()
  plain = rawClient(server)
  await plain.connect()
})

afterAll(async () => {
  plain.destroy()
  await server.stop()
})

const PARTS = Object.keys(KEYS) as Part[]

/** Everything under the queue's keys, as the server itself writes it down; but sets in order: a look may turn theirs. */
async function dump(name: string): Promise<Record<string, string>> {
  const keys = await plain.keys(`*{${name}}*`)
  const written = async (key: string) => {
    const isSet = (await plain.type(key)) === 'set'
    return String(isSet ? (await plain.sMembers(key)).toSorted() : await plain.sendCommand(['DUMP', key]))
  }
  const values = await Promise.all(keys.map(written))
  return Object.fromEntries(keys.map((key, i) => [key, values[i] as string]).sort())
}

/** Another type than the layout's. */
async function spoil(key: string, part: Part): Promise<void> {
  await plain.del(key)
  if (KEYS[part] === 'string') await plain.rPush(key, 'x')
  else await plain.set(key, 'x')
}

test.each(PARTS)(
  'a queue whose %s holds another type is refused at its first use, and nothing is written',
  async (part) => {
    const queue = queueAt({ url: server.url })
    await spoil(keyIn(queue, part), part)
    const before = await dump(queue.name)
    for (const call of [
      () => queue.publish('a'),
      () => queue.ready(),
      () => queue.stats(),
      () => queue.withdraw(['a']),
    ]) {
      const error = await failureOf(call())
      expect(error).toMatchObject({ code: 'WRONG_KEY' })
      expect(String(error)).toContain(keyIn(queue, part))
    }
    expect(await dump(queue.name)).toEqual(before)
  },
)

test('a value that is damaged breaks a script off: that is told at once, since the next one would meet it too', async () => {
  const queue = queueAt({ url: server.url })
  await queue.publish('a')
  await plain.hSet(keyIn(queue, 'totals'), 'entered', 'many')
  await plain.sendCommand(['CONFIG', 'RESETSTAT'])
  const error = await failureOf(queue.publish('b'))
  expect(error).toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringMatching(/attempt to perform arithmetic.*audit\(\)/),
  })
  expect(await plain.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/)
})

const PATIENCE = { timeout: 5_000 }
const WORKER = { worker: 'w', lease: 60_000, keepFailed: 100, settle: [], renew: [], started: [], leaving: false }
const SWEEP = { limit: 100, maxJams: 0, keepFailed: 100, lease: 2, jitter: 0, error: '{}', guard: null }

/** A queue with something in every state, and the calls that write, each on all of it. */
async function lively() {
  const name = freshName()
  const store = redisStore({ url: server.url })({ name, prefix: 'convoy', tell: () => {} })
  onTestFinished(() => store.close())
  const publish = (...ids: string[]) => store.publish({ ids, policy: { processing: 'discard' } }, PATIENCE)
  await store.control({ order: 'open', digest: 'd', role: 'worker' }, PATIENCE)
  await store.control({ order: 'journal', keep: 100 }, PATIENCE)
  await publish('fails', 'ends', 'jams', 'goes', 'stays')
  const { token } = await store.step({ ...WORKER, number: 1, lane: 1, lease: 1, claim: 5, slots: 5 }, PATIENCE)
  const failed = [{ token, ids: ['fails'], end: 'fail' as const, errors: ['{}'] }]
  await store.step({ ...WORKER, number: 2, lane: 0, claim: 0, slots: 0, settle: failed }, PATIENCE)
  // A late sweep gives grace; the next one recovers.
  await store.sweep(SWEEP, PATIENCE)
  await publish('waits', 'leaves', 'waits, too')
  await store.withdraw({ ids: ['leaves', 'goes', 'stays'] }, PATIENCE)
  await publish('stays')
  const settle = [
    { token, ids: ['ends', 'goes'], end: 'done' as const },
    { token, ids: ['stays'], end: 'fail' as const, errors: ['{}'] },
  ]
  const renew = [{ token, ids: ['jams'] }]
  const policy = { rate: { max: 100, per: 1_000 } }
  return {
    name,
    calls: {
      publish: () => publish('new', 'waits', 'jams', 'fails', 'leaves', 'goes'),
      step: () => store.step({ ...WORKER, number: 3, lane: 1, claim: 5, slots: 2, settle, renew, policy }, PATIENCE),
      withdraw: () => store.withdraw({ ids: ['waits', 'jams', 'fails'] }, PATIENCE),
      sweep: () => store.sweep(SWEEP, PATIENCE),
      clear: () => store.control({ order: 'clear' }, PATIENCE),
    },
  }
}

test.each(PARTS)(
  'each call on a queue at work whose %s is replaced does its work or is refused whole',
  async (part) => {
    const halfway: string[] = []
    for (const verb of ['publish', 'step', 'withdraw', 'sweep', 'clear'] as const) {
      const { name, calls } = await lively()
      await spoil(keyOf('convoy', name, part), part)
      const before = await dump(name)
      const error = await failureOf(calls[verb]())
      if (error === undefined) continue
      expect(error, verb).toMatchObject({ code: 'WRONG_KEY' })
      const after = await dump(name)
      const changed = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key])
      if (changed.length > 0)
        halfway.push(`${verb} was refused, and changed ${changed.map((key) => key.split(':').at(-1))}`)
    }
    expect(halfway).toEqual([])
  },
)

/** What a step on a plain lane can be: of one at most and of more, from a line that holds IDs and one that holds none any more. */
const PLAIN_STEPS: readonly { settle: readonly string[]; end?: End; claim: number; stale?: readonly string[] }[] = [
  { settle: ['a'], claim: 1 },
  { settle: ['a'], claim: 0 },
  { settle: [], claim: 1 },
  { settle: ['a', 'b'], claim: 2 },
  { settle: ['a', 'b'], claim: 0 },
  { settle: [], claim: 8 },
  { settle: [], claim: 20 },
  { settle: ['a', 'b'], claim: 20 },
  { settle: ['a'], claim: 1, stale: ['x'] },
  { settle: [], claim: 1, stale: ['x'] },
  { settle: ['a', 'b'], claim: 2, stale: ['x', 'y'] },
  { settle: [], claim: 2, stale: ['x', 'y'] },
  // These make it a lane that is plain no more.
  { settle: ['a'], end: 'fail', claim: 1 },
  { settle: ['a', 'b'], end: 'fail', claim: 2 },
  { settle: ['a'], end: 'retry', claim: 1 },
  { settle: ['a', 'b'], end: 'kept', claim: 2 },
]
type End = 'done' | 'kept' | 'fail' | 'retry'

function ended(token: string, ids: readonly string[], end: End): Settlement[] {
  if (ids.length === 0) return []
  const errors = ids.map(() => '{}')
  if (end === 'fail') return [{ token, ids, end, errors }]
  if (end === 'retry') return [{ token, ids, end, errors, delays: ids.map(() => 60_000) }]
  const results = ids.map(() => ({ text: '1', ttl: 60_000 }))
  return [{ token, ids, end: 'done', ...(end === 'kept' ? { results } : {}) }]
}

test.each(PARTS)('each step of a plain lane whose %s is replaced does its work or is refused whole', async (part) => {
  const halfway: string[] = []
  for (const { settle, end = 'done', claim, stale } of PLAIN_STEPS) {
    const name = freshName()
    const store = redisStore({ url: server.url })({ name, prefix: 'convoy', tell: () => {} })
    onTestFinished(() => store.close())
    await store.control({ order: 'open', digest: 'd', role: 'worker' }, PATIENCE)
    const waiting = Array.from({ length: 10 }, (_, i) => `waits ${i}`)
    await store.publish({ ids: ['a', 'b', ...waiting], policy: { processing: 'discard' } }, PATIENCE)
    const { token } = await store.step({ ...WORKER, number: 1, lane: 1, claim: 2, slots: 2 }, PATIENCE)
    if (stale) {
      await plain.del(keyOf('convoy', name, 'queued'))
      await plain.rPush(keyOf('convoy', name, 'queued'), [...stale])
    }
    await spoil(keyOf('convoy', name, part), part)
    const before = await dump(name)
    const request = { ...WORKER, number: 2, lane: 0, claim, slots: claim, settle: ended(token, settle, end) } as const
    const title = `${settle.length} ${end}, ${claim} claimed${stale ? ' from a stale line' : ''}`
    try {
      const { ids, settled } = await store.step(request, PATIENCE)
      expect({ ids, settled }, title).toEqual({ ids: stale ? [] : waiting.slice(0, claim), settled: '' })
    } catch (error) {
      expect(error, title).toMatchObject({ code: 'WRONG_KEY' })
      const after = await dump(name)
      const changed = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key])
      if (changed.length > 0)
        halfway.push(`${title}: refused, and changed ${changed.map((key) => key.split(':').at(-1))}`)
    }
  }
  expect(halfway).toEqual([])
})

/** What a batch on a plain lane can be: all new, in one part or in several, and with some that are known already. */
const PLAIN_BATCHES = [
  ['new'],
  ['new', 'newer'],
  ['new', 'waits'],
  Array.from({ length: 600 }, (_, i) => `new ${i}`),
  [...Array.from({ length: 600 }, (_, i) => `new ${i}`), 'runs'],
]

test.each(PARTS)('each batch for a plain lane whose %s is replaced goes in or is refused whole', async (part) => {
  const halfway: string[] = []
  for (const ids of PLAIN_BATCHES) {
    const name = freshName()
    const store = redisStore({ url: server.url })({ name, prefix: 'convoy', tell: () => {} })
    onTestFinished(() => store.close())
    const policy = { processing: 'discard' } as const
    await store.publish({ ids: ['runs', 'waits'], policy }, PATIENCE)
    await store.step({ ...WORKER, number: 1, lane: 1, claim: 1, slots: 1 }, PATIENCE)
    await spoil(keyOf('convoy', name, part), part)
    const before = await dump(name)
    try {
      const { verdicts } = await store.publish({ ids, policy }, PATIENCE)
      expect(verdicts).toHaveLength(ids.length)
    } catch (error) {
      expect(error).toMatchObject({ code: 'WRONG_KEY' })
      const after = await dump(name)
      const changed = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key])
      if (changed.length > 0)
        halfway.push(`${ids.length} refused, and changed ${changed.map((key) => key.split(':').at(-1))}`)
    }
  }
  expect(halfway).toEqual([])
})

test('a withdrawal from a state that there is not is refused, and takes nothing', async () => {
  const queue = queueAt({ url: server.url })
  await queue.publish('a')
  const script = scriptsFor('convoy', queue.name).withdraw
  await plain.sendCommand(['SCRIPT', 'LOAD', script.text])
  const before = await dump(queue.name)
  const [refused, empty] = ['faild', ''].map((from) => [...script.head, from, 'a'])
  expect(await failureOf(plain.sendCommand(refused as string[]))).toMatchObject({ message: 'STATE unknown' })
  expect(await dump(queue.name)).toEqual(before)
  expect(await plain.sendCommand(empty as string[])).toBe('q')
})
