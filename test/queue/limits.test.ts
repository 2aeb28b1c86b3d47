import { expect, test } from 'vitest'
import {
  createQueue,
  type JamGuardOptions,
  memoryStore,
  type ProcessOptions,
  type Queue,
  type QueueOptions,
  type Worker,
} from '../../src/index.js'
import { onBothStores, type World } from './kit.js'
import type { Stage } from './stage.js'

const LEASE = 30_000

/** Two workers of two processes, and the one stage they play on. */
function company(world: World, options: QueueOptions, own: ProcessOptions = {}) {
  const stage = world.stage()
  const queues = [world.queue(options), world.queue(options)] as const
  const workers = queues.map((queue) => queue.process(stage.handler, own))
  return { stage, queue: queues[0], workers }
}

/** Both look at once for what they would wait for, and have found what there is. */
async function look(world: World, workers: readonly Worker[]): Promise<void> {
  const looked = world.spy.of('step').length
  for (const worker of workers) {
    worker.pause()
    worker.resume()
  }
  await world.spy.until(() => world.spy.of('step').length >= looked + workers.length)
}

async function end(world: World, stage: Stage, id: string, how?: () => unknown): Promise<void> {
  const settled = world.spy.settled.length
  stage.end(id, how)
  await world.spy.until(() => world.spy.settled.length > settled)
}

const no = (): never => {
  throw new Error('no')
}

onBothStores((kit) => {
  test('limit.active: so many run at once over all processes, and each end makes room for the next', async () => {
    const world = await kit.world()
    const { stage, queue, workers } = company(world, { limit: { active: 3 } }, { concurrency: 5 })
    await queue.publishMany(Array(12).keys())
    for (let n = 3; n <= 12; n++) {
      await stage.begins(n)
      await look(world, workers)
      expect([stage.begun.length, stage.running.length]).toEqual([n, 3])
      stage.end(stage.running[0] as string)
    }
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= 12)
    expect(stage.most).toBe(3)
  })

  test('limit.rate: so many are claimed in a window over all processes; what waits is claimed in the next', async () => {
    const world = await kit.world()
    const { stage, queue, workers } = company(world, { limit: { rate: { max: 4, per: 60_000 } } }, { concurrency: 3 })
    stage.open()
    await queue.publishMany(Array(10).keys())
    for (const begun of [4, 8, 10]) {
      await stage.begins(begun)
      await look(world, workers)
      await world.serverPasses(59_999)
      await look(world, workers)
      expect(stage.begun.length).toBe(begun)
      await world.serverPasses(1)
      await look(world, workers)
    }
    await world.spy.until(() => world.spy.settled.length >= 10)
    expect(stage.ids.toSorted()).toEqual([...Array(10).keys()].map(String).toSorted())
  })

  test('an idle worker wakes by itself when the next window begins', async () => {
    const world = await kit.world()
    const { stage, queue } = company(world, { limit: { rate: { max: 1, per: 200 } } })
    stage.open()
    await queue.publishMany(['a', 'b'])
    await stage.begins(1)
    await world.spy.until(() => world.spy.settled.length >= 1)
    await world.serverPasses(199)
    await world.spy.until(() => world.spy.of('step').some(({ reply }) => reply.dueIn > 0))
    await world.serverPasses(1)
    expect(await stage.begins(2)).toMatchObject({ id: 'b' })
  })

  test('ordered: one run at a time over all processes, in the order published', async () => {
    const world = await kit.world()
    const { stage, queue, workers } = company(world, { ordered: true }, { concurrency: 4 })
    const ids = Array.from({ length: 20 }, (_, i) => `${i}`)
    await queue.publishMany(ids)
    for (const [n, id] of ids.entries()) {
      await stage.begins(n + 1)
      await look(world, workers)
      expect(stage.running).toEqual([id])
      stage.end(id)
    }
    await world.spy.until(() => world.spy.settled.length >= 20)
    expect([stage.ids, stage.most]).toEqual([ids, 1])
  })

  test('ordered: what is tried again keeps its place, and nothing passes it while it waits', async () => {
    const world = await kit.world()
    const { stage, queue, workers } = company(world, { ordered: true, attempts: 3, backoff: 5_000 })
    await queue.publishMany(['a', 'b', 'c'])
    await stage.begins(1)
    for (let attempt = 2; attempt <= 3; attempt++) {
      await end(world, stage, 'a', no)
      await world.serverPasses(4_999)
      await look(world, workers)
      expect(stage.running).toEqual([])
      await world.serverPasses(1)
      await look(world, workers)
      expect(await stage.begins(attempt)).toMatchObject({ id: 'a', attempt })
    }
    await end(world, stage, 'a', no)
    await stage.begins(4)
    await end(world, stage, 'b')
    await stage.begins(5)
    await end(world, stage, 'c')
    expect(stage.ids).toEqual(['a', 'a', 'a', 'b', 'c'])
    expect(world.spy.settled).toEqual(['a retry 1', 'a retry 1', 'a fail 1', 'b done 1', 'c done 1'])
    expect(stage.most).toBe(1)
  })

  test('ordered: what is withdrawn while it waits holds nobody up', async () => {
    const world = await kit.world()
    const { stage, queue, workers } = company(world, { ordered: true, attempts: 2, backoff: 'PT1H' })
    await queue.publishMany(['a', 'b'])
    await stage.begins(1)
    await end(world, stage, 'a', no)
    await look(world, workers)
    expect(stage.running).toEqual([])
    await queue.withdraw('a')
    expect(await stage.begins(2)).toMatchObject({ id: 'b' })
    await end(world, stage, 'b')
  })

  test('ordered: what jams keeps its place, jam after jam, until it fails for good', async () => {
    const world = await kit.world()
    const queue = world.queue({ ordered: true, maxJams: 2, clock: world.clock })
    await queue.publishMany(['a', 'b'])
    const jams: unknown[] = []
    queue.on('jammed', (jobs) => jams.push(...jobs.map(({ id, jams, now }) => [id, jams, now])))
    for (let jam = 1; jam <= 3; jam++) {
      expect(await world.die()).toEqual(['a'])
      for (let half = 0; half < 3; half++) {
        await queue.sweep()
        if (half < 2) await world.serverPasses(LEASE / 2)
      }
      expect((await queue.list('delayed')).ids).toEqual([])
      // A later jam holds the line for a while: nobody claims anything meanwhile.
      if (jam === 2) expect(await world.die()).toEqual([])
      await world.serverPasses(4 * LEASE)
    }
    expect(jams).toEqual([
      ['a', 1, 'queued'],
      ['a', 2, 'queued'],
      ['a', 3, 'failed'],
    ])
    const stage = world.stage()
    queue.process(stage.handler)
    expect(await stage.begins(1)).toMatchObject({ id: 'b' })
  })

  test('ordered: a worker that dies is followed by another within one lease, and the order stands', async () => {
    const world = await kit.world()
    const queue = world.queue({ ordered: true })
    await queue.publishMany(['a', 'b', 'c'])
    expect(await world.die()).toEqual(['a'])
    const stage = world.stage()
    stage.open()
    const worker = queue.process(stage.handler)
    await world.lapse()
    await look(world, [worker])
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect([stage.ids, stage.begun[0]?.jams]).toEqual([['a', 'b', 'c'], 1])
  })

  test('at most once: what was thrown is final, and what lapsed is failed, not begun again', async () => {
    const world = await kit.world()
    const queue = world.queue({ delivery: 'at-most-once', clock: world.clock })
    await queue.publishMany(['throws', 'lapses', 'fine'])
    const stage = world.stage()
    const worker = queue.process(stage.handler)
    await stage.begins(1)
    await end(world, stage, 'throws', no)
    worker.pause()
    await stage.begins(2)
    await end(world, stage, 'lapses')
    await queue.publish('lapses')
    await worker.close()
    expect(await world.die()).toEqual(['fine'])
    for (let half = 0; half < 3; half++) {
      await queue.sweep()
      if (half < 2) await world.serverPasses(LEASE / 2)
    }
    expect(await queue.inspectMany(['throws', 'fine', 'lapses'])).toMatchObject([
      { state: 'failed', error: { message: 'no', attempt: 1 } },
      { state: 'failed', error: { code: 'JAMMED' } },
      { state: 'queued' },
    ])
  })

  test('at most once: a handler still at work when its worker closes has failed, and does not run again', async () => {
    const world = await kit.world()
    const { clock } = world
    const queue = world.queue({ delivery: 'at-most-once', clock })
    const stage = world.stage()
    const worker = queue.process(stage.handler, { abortGrace: 0, concurrency: 2 })
    await queue.publishMany(['stops', 'goes on'])
    const job = await stage.begins(1)
    await stage.begins(2)
    job.signal.addEventListener('abort', () => stage.end('stops', no))
    await worker.close({ timeout: 0 })
    expect(world.spy.settled.toSorted()).toEqual(['goes on fail 1', 'stops fail 1'])
    expect(await queue.inspectMany(['stops', 'goes on'])).toMatchObject([
      { state: 'failed', error: { code: 'CLOSED' } },
      { state: 'failed', error: { code: 'CLOSED' } },
    ])
  })

  test('processes that differ in what they must share are told', async () => {
    const world = await kit.world()
    const others: readonly QueueOptions[] = [
      { limit: { active: 2 } },
      { limit: { rate: { max: 2, per: 1_000 } } },
      { ordered: true },
      { delivery: 'at-most-once' },
    ]
    for (const options of others) {
      const told: string[] = []
      for (const one of [{}, options]) {
        const queue = world.queue(one)
        queue.on('optionsDiffer', () => told.push('differs'))
        await queue.publish('a')
      }
      expect([options, told]).toEqual([options, ['differs']])
      await world.queue().publish('a')
    }
    const quiet = world.queue({ attempts: 5, keepResult: 10, limit: {}, delivery: 'at-least-once', ordered: false })
    quiet.on('optionsDiffer', () => expect.fail('what each worker may say for itself differs'))
    await quiet.publish('a')
  })
})

const REFUSED: readonly [what: string, options: QueueOptions, call: (queue: Queue) => unknown, says: RegExp][] = [
  [
    'prefetch with a limit',
    { limit: { active: 1 } },
    (queue) => queue.process(no, { prefetch: 1 }),
    /process: prefetch: expected 0 with limit, not 1/,
  ],
  [
    'prefetch with order',
    { ordered: true },
    (queue) => queue.process(no, { prefetch: 5 }),
    /prefetch: expected 0 with ordered: true, not 5/,
  ],
  [
    'prefetch at most once',
    { delivery: 'at-most-once' },
    (queue) => queue.process(no, { prefetch: 2 }),
    /prefetch: expected 0 with delivery: 'at-most-once'/,
  ],
  [
    'attempts of a worker at most once',
    { delivery: 'at-most-once' },
    (queue) => queue.process(no, { attempts: 2 }),
    /process: attempts: expected 1 with delivery: 'at-most-once', not 2/,
  ],
  [
    'attempts at most once',
    { delivery: 'at-most-once', attempts: () => 1 },
    no,
    /createQueue: attempts: expected 1 with delivery: 'at-most-once', not a function/,
  ],
  ['jams at most once', { delivery: 'at-most-once', maxJams: 3 }, no, /createQueue: maxJams: expected 0 with delivery/],
  [
    'jams of a guard at most once',
    { delivery: 'at-most-once' },
    (queue) => queue.jamGuard({ maxJams: 1 } as JamGuardOptions),
    /jamGuard: maxJams: expected 0/,
  ],
  [
    'more than one in order',
    { ordered: true, limit: { active: 2 } },
    no,
    /limit.active: expected 1 with ordered: true, not 2/,
  ],
  ['a limit of none', { limit: { active: 0 } }, no, /createQueue: limit: active: expected an integer from 1/],
  ['a limit that is a number', { limit: 5 as never }, no, /createQueue: limit: expected an object/],
  ['a misspelt limit', { limit: { activ: 5 } as never }, no, /limit: there is no option 'activ'.*active/],
  ['half a rate', { limit: { rate: { max: 5 } as never } }, no, /limit: rate: expected \{ max, per \}/],
  ['a rate in no time', { limit: { rate: { max: 5, per: 0 } } }, no, /rate: per: expected a duration of at least 1 ms/],
  [
    'another delivery',
    { delivery: 'exactly-once' as never },
    no,
    /delivery: expected 'at-least-once' or 'at-most-once', not 'exactly-once'/,
  ],
]
test.each(REFUSED)('%s is refused, and both are named', async (_, options, call, says) => {
  const refusal = { code: 'BAD_OPTION', message: expect.stringMatching(says) }
  const attempt = async (): Promise<void> => {
    await using queue = createQueue('q', { store: memoryStore(), ...options })
    await call(queue)
  }
  await expect(attempt()).rejects.toMatchObject(refusal)
})

test('what a preset leaves may be said as well', async () => {
  await using queue = createQueue('q', { store: memoryStore(), delivery: 'at-most-once', attempts: 1, maxJams: 0 })
  await using worker = queue.process(no, { prefetch: 0, attempts: 1 })
  expect(worker.concurrency).toBe(1)
  await expect(queue.sweep({ maxJams: 1 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
