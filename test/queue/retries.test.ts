import { expect, test } from 'vitest'
import {
  type ConvoyError,
  createQueue,
  memoryStore,
  type ProcessOptions,
  type QueueOptions,
  UnrecoverableError,
  type Worker,
} from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

/** Fails whenever it is called, each time with an error of its own. */
function failing(): () => never {
  let n = 0
  return () => {
    throw new Error(`failure ${++n}`)
  }
}

/** A worker that waits for what falls due later looks at once. */
function look(worker: Worker): void {
  worker.pause()
  worker.resume()
}

/** A queue whose handler always fails, and what it tells. */
async function failures(
  world: World,
  options: QueueOptions,
  own: ProcessOptions = {},
  handler: () => unknown = failing(),
) {
  const queue = world.queue(options)
  const told: unknown[] = []
  const errors: ConvoyError[] = []
  queue.on('retrying', (id, error, retry) => told.push(['retrying', id, (error as Error).message, retry]))
  queue.on('failed', (id, error) => told.push(['failed', id, (error as Error)?.message]))
  queue.on('error', (error) => errors.push(error))
  const worker = queue.process(handler, own)
  await queue.publish('a')
  await world.spy.until(() => world.spy.settled.length >= 1)
  return { queue, told, errors, worker }
}

/** Lets the next attempt fall due, and resolves with how long that took, once it has ended. */
async function next(
  world: World,
  queue: Awaited<ReturnType<typeof failures>>['queue'],
  worker: Worker,
): Promise<number> {
  const ended = world.spy.settled.length
  const { state, dueAt } = await queue.inspect('a')
  expect(state).toBe('delayed')
  const wait = Number(dueAt) - world.now
  await world.serverPasses(wait - 1)
  look(worker)
  const looked = world.spy.of('step').length
  await world.spy.until(() => world.spy.of('step').length > looked)
  expect(world.spy.settled).toHaveLength(ended)
  await world.serverPasses(1)
  look(worker)
  await world.spy.until(() => world.spy.settled.length > ended)
  return wait
}

onBothStores((kit) => {
  test('by default the first failure is final', async () => {
    const world = await kit.world()
    const { queue, told } = await failures(world, {})
    expect(world.spy.settled).toEqual(['a fail 1'])
    expect(told).toEqual([['failed', 'a', 'failure 1']])
    expect(await queue.inspect('a')).toMatchObject({ state: 'failed', failures: 1 })
  })

  test('with a fixed backoff each attempt comes after that time, never before; the last one fails for good', async () => {
    const world = await kit.world()
    const { queue, told, worker } = await failures(world, { attempts: 3, backoff: 'PT5S' })
    expect(await queue.inspect('a')).toMatchObject({
      state: 'delayed',
      attempt: 2,
      failures: 0,
      error: { message: 'failure 1', attempt: 1 },
    })
    expect([await next(world, queue, worker), await next(world, queue, worker)]).toEqual([5_000, 5_000])
    expect(world.spy.settled).toEqual(['a retry 1', 'a retry 1', 'a fail 1'])
    expect(told).toEqual([
      ['retrying', 'a', 'failure 1', { attempt: 1, delay: 5_000 }],
      ['retrying', 'a', 'failure 2', { attempt: 2, delay: 5_000 }],
      ['failed', 'a', 'failure 3'],
    ])
    expect(await queue.inspect('a')).toMatchObject({ state: 'failed', failures: 1, error: { attempt: 3 } })
    expect((await queue.stats()).totals).toMatchObject({ retried: 2, failed: 1, done: 0, entered: 1 })
  })

  test('by default it waits exponentially from 1 s, shortened by up to a half as chance has it', async () => {
    const world = await kit.world()
    const clock = Object.assign(world.clock, { random: () => 0.5 })
    const { queue, worker } = await failures(world, { attempts: 5, clock })
    const waits = []
    for (let i = 0; i < 4; i++) waits.push(await next(world, queue, worker))
    expect(waits).toEqual([750, 1_500, 3_000, 6_000])
    expect(world.spy.settled.at(-1)).toBe('a fail 1')
  })

  test('exponential backoff ends at its cap, and without jitter chance has no say', async () => {
    const world = await kit.world()
    const clock = Object.assign(world.clock, { random: () => 0.99 })
    const backoff = { type: 'exponential', delay: 100, cap: { milliseconds: 350 }, jitter: 0 } as const
    const { queue, worker } = await failures(world, { attempts: 5, backoff, clock })
    const waits = []
    for (let i = 0; i < 4; i++) waits.push(await next(world, queue, worker))
    expect(waits).toEqual([100, 200, 350, 350])
  })

  test('no wait at all stays none, however often it doubles', async () => {
    const world = await kit.world()
    const attempts = 1_030
    const queue = world.queue({ attempts, backoff: { type: 'exponential', delay: 0 } })
    const ran: number[] = []
    queue.process(({ attempt }) => {
      ran.push(attempt)
      throw new Error('again')
    })
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.at(-1) === 'a fail 1')
    expect(ran).toEqual(Array.from({ length: attempts }, (_, n) => n + 1))
  })

  test('a function says how long to wait, of the attempt, the error and the job', async () => {
    const world = await kit.world()
    const asked: unknown[] = []
    const { queue, worker } = await failures(world, {
      attempts: 3,
      backoff: (attempt, error, job) => {
        asked.push([attempt, (error as Error).message, job.id])
        return { seconds: attempt * 7 }
      },
    })
    expect([await next(world, queue, worker), await next(world, queue, worker)]).toEqual([7_000, 14_000])
    expect(asked).toEqual([
      [1, 'failure 1', 'a'],
      [2, 'failure 2', 'a'],
    ])
  })

  test('without a wait the next attempt comes at once, behind those that wait', async () => {
    const world = await kit.world()
    const queue = world.queue({ attempts: 2, backoff: 0 })
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publishMany(['a', 'b'])
    await stage.begins(1)
    stage.end('a', failing())
    await stage.begins(2)
    stage.end('b')
    expect(await stage.begins(3)).toMatchObject({ id: 'a', attempt: 2 })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect(world.spy.settled).toEqual(['a retry 1', 'b done 1', 'a done 1'])
    expect(await queue.inspect('a')).toMatchObject({ state: 'absent', attempt: 1, failures: 0 })
  })

  test('attempts may be a function of the job, and a worker may have its own', async () => {
    const world = await kit.world()
    const own = { attempts: (job: { id: string }) => (job.id === 'a' ? 2 : 9), backoff: 1 }
    const { queue, worker } = await failures(world, { attempts: 5, backoff: 1_000 }, own)
    expect(await next(world, queue, worker)).toBe(1)
    expect(world.spy.settled).toEqual(['a retry 1', 'a fail 1'])
  })

  test('retryIf makes a failure final, whatever attempts are left', async () => {
    const world = await kit.world()
    const retryIf = (error: unknown): boolean => (error as Error).message !== 'failure 2'
    const { queue, told, worker } = await failures(world, { attempts: 9, backoff: 1, retryIf })
    await next(world, queue, worker)
    expect(world.spy.settled).toEqual(['a retry 1', 'a fail 1'])
    expect(told.at(-1)).toEqual(['failed', 'a', 'failure 2'])
  })

  test('an UnrecoverableError is final, and nobody is asked', async () => {
    const world = await kit.world()
    const asked: unknown[] = []
    const options = { attempts: 9, retryIf: (error: unknown) => asked.push(error) > 0 }
    const { queue } = await failures(world, options, {}, () => {
      throw new UnrecoverableError('no such user')
    })
    expect([world.spy.settled, asked]).toEqual([['a fail 1'], []])
    expect((await queue.inspect('a')).error).toMatchObject({ message: 'no such user', attempt: 1 })
  })

  test('a job that ran too long has failed an attempt like any other', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, attempts: 2, backoff: 0 })
    const told: unknown[] = []
    queue.on('retrying', (id, error, retry) => told.push([id, (error as ConvoyError).code, retry]))
    const stage = world.stage()
    queue.process(stage.handler, { jobTimeout: 100 })
    await queue.publish('a')
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect(await stage.begins(attempt)).toMatchObject({ attempt })
      await world.pass(100)
      stage.end('a')
      await spy.until(() => spy.settled.length >= attempt)
    }
    expect([spy.settled, told]).toEqual([['a retry 1', 'a fail 1'], [['a', 'JOB_TIMEOUT', { attempt: 1, delay: 0 }]]])
    expect((await queue.inspect('a')).error).toMatchObject({ code: 'JOB_TIMEOUT', attempt: 2 })
  })

  const oops = (): never => {
    throw new Error('oops')
  }
  const BAD: readonly [what: string, options: QueueOptions, says: string][] = [
    ['attempts throws', { attempts: oops }, 'oops'],
    ['backoff throws', { attempts: 2, backoff: oops }, 'oops'],
    ['retryIf throws', { attempts: 2, retryIf: oops }, 'oops'],
    ['attempts says 0', { attempts: () => 0 }, 'attempts(): expected an integer from 1 to 1000000, not 0'],
    ['attempts says nothing', { attempts: () => undefined as never }, 'attempts(): expected an integer'],
    ['backoff says nothing', { attempts: 2, backoff: () => undefined as never }, 'backoff(): expected a duration'],
    ['backoff says less than nothing', { attempts: 2, backoff: () => -1 }, 'backoff(): expected a duration'],
    ['retryIf is async', { attempts: 2, retryIf: (async () => false) as never }, 'retryIf(): expected true or false'],
  ]
  test.each(BAD)(
    'where %s the job fails for good with that, it is told, and the worker goes on',
    async (_, options, says) => {
      const world = await kit.world()
      const { queue, told, errors } = await failures(world, options)
      expect(world.spy.settled).toEqual(['a fail 1'])
      expect(told).toEqual([['failed', 'a', expect.stringContaining(says)]])
      expect(errors).toMatchObject([{ code: 'BAD_HANDLER', message: expect.stringContaining(says) }])
      expect((await queue.inspect('a')).error?.message).toContain(says)
      await queue.publish('b')
      await world.spy.until(() => world.spy.settled.length >= 2)
      expect(world.spy.settled[1]).toBe('b fail 1')
    },
  )

  test('a thousand attempts that fail at once, each with a large error, all come again', async () => {
    const world = await kit.world()
    const queue = world.queue({ attempts: 2, backoff: 0 })
    const error = Object.assign(new Error('x'), { stack: 's'.repeat(100_000) })
    queue.process(
      (job) => {
        if (job.attempt === 1) throw error
      },
      { concurrency: 500 },
    )
    await queue.publishMany(Array(1_000).keys())
    await world.spy.until(() => world.spy.settled.length >= 2_000)
    const most = Math.max(
      ...world.spy
        .of('step')
        .map(({ request }) =>
          request.settle.reduce((sum, group) => sum + (group.end === 'retry' ? group.ids.length : 0), 0),
        ),
    )
    expect(most).toBe(200)
    expect((await queue.stats()).totals).toMatchObject({ retried: 1_000, done: 1_000, failed: 0, lost: 0 })
  })
})

test.each<[what: string, options: QueueOptions, says: RegExp]>([
  ['attempts 0', { attempts: 0 }, /createQueue: attempts: expected an integer from 1/],
  ['attempts that are a text', { attempts: '3' as never }, /createQueue: attempts: .* not '3'/],
  ['a backoff in shorthand', { backoff: '5s' }, /createQueue: backoff: .*Did you mean 'PT5S'/],
  [
    'another type of backoff',
    { backoff: { type: 'fixed' } as never },
    /createQueue: backoff: type: expected 'exponential'/,
  ],
  ['a misspelt part of it', { backoff: { type: 'exponential', caps: 1 } as never }, /no option 'caps'.*cap/],
  ['a jitter above 1', { backoff: { type: 'exponential', jitter: 2 } }, /jitter: expected a number from 0 to 1, not 2/],
  ['a retryIf that is none', { retryIf: true as never }, /createQueue: retryIf: expected a function/],
])('%s is refused', (_, options, says) => {
  expect(() => createQueue('q', { store: memoryStore(), ...options })).toThrowError(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(says) }),
  )
})
