import { expect, test } from 'vitest'
import type { Job } from '../../src/index.js'
import { Latch } from '../support/latch.js'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
  test('jobTimeout aborts the signal; the lease is renewed until the handler returns; then the job fails as JOB_TIMEOUT', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const failed: unknown[] = []
    queue.on('failed', (id, error) => failed.push([id, error]))
    const stage = world.stage()
    queue.process(stage.handler, { jobTimeout: 2_000, abortGrace: 60_000 })
    await queue.publish('slow')
    const job = await stage.begins(1)
    await world.pass(1_999)
    expect(job.signal.aborted).toBe(false)
    await world.pass(1)
    expect(job.signal.reason).toMatchObject({
      name: 'ConvoyError',
      code: 'JOB_TIMEOUT',
      message: expect.stringMatching(/slow.*2000 ms/),
    })
    for (let third = 1; third <= 4; third++) {
      await world.pass(10_000)
      await spy.until(() => spy.renewed.length >= third)
    }
    expect(spy.settled).toEqual([])
    expect((await queue.inspect('slow')).state).toBe('processing')
    stage.end('slow', () => 'a result nobody waits for')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled).toEqual(['slow fail 1'])
    expect(await queue.inspect('slow')).toMatchObject({
      state: 'failed',
      failures: 1,
      error: { code: 'JOB_TIMEOUT', attempt: 1 },
    })
    expect(failed).toEqual([['slow', job.signal.reason]])
  })

  test('what an aborted handler throws does not hide the JOB_TIMEOUT', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const begun = new Latch()
    queue.process(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('interrupted')))
          begun.open()
        }),
      { jobTimeout: 100 },
    )
    await queue.publish('slow')
    await begun.wait
    await world.pass(100)
    await spy.until(() => spy.settled.length >= 1)
    expect((await queue.inspect('slow')).error).toMatchObject({ code: 'JOB_TIMEOUT' })
  })

  test('a signal read only after the time was over is aborted already', async () => {
    const world = await kit.world()
    const { clock } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler, { jobTimeout: 100 })
    await queue.publish('slow')
    const job = await stage.begins(1)
    await world.pass(100)
    expect(job.signal.aborted).toBe(true)
    expect(() => job.signal.throwIfAborted()).toThrowError(expect.objectContaining({ code: 'JOB_TIMEOUT' }))
  })

  test('a job that ends in time is done, and no timer of it fires later', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler, { jobTimeout: 2_000 })
    await queue.publish('quick')
    const job = await stage.begins(1)
    await world.pass(1_999)
    stage.end('quick')
    await spy.until(() => spy.settled.length >= 1)
    await world.pass(60_000)
    expect([spy.settled, job.signal.aborted]).toEqual([['quick done 1'], false])
  })

  test('each job has its whole time, counted from when it started', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 3, jobTimeout: 1_000 })
    const jobs: Job[] = []
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      await queue.publish(id)
      jobs.push(await stage.begins(i + 1))
      await world.pass(300)
    }
    const aborted = () => jobs.map(({ signal }) => signal.aborted)
    await world.pass(99)
    expect(aborted()).toEqual([false, false, false])
    await world.pass(1)
    expect(aborted()).toEqual([true, false, false])
    await world.pass(300)
    expect(aborted()).toEqual([true, true, false])
    stage.end('b')
    await world.pass(300)
    expect(aborted()).toEqual([true, true, true])
    stage.open()
    await spy.until(() => spy.settled.length >= 3)
  })

  test('a job that starts while an older one is in its grace has its own time too', async () => {
    const world = await kit.world()
    const { clock } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2, jobTimeout: 1_000, abortGrace: 30_000 })
    await queue.publish('deaf')
    await stage.begins(1)
    await world.pass(1_500)
    await queue.publish('late')
    const late = await stage.begins(2)
    await world.pass(999)
    expect(late.signal.aborted).toBe(false)
    await world.pass(1)
    expect(late.signal.aborted).toBe(true)
  })

  test('a handler that does not return within abortGrace frees its slot: event overrun, the one overlap there is', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const overrun: string[] = []
    const lost: string[] = []
    queue.on('overrun', (id) => overrun.push(id))
    queue.on('lost', (id) => lost.push(id))
    const stage = world.stage()
    const worker = queue.process(stage.handler, { jobTimeout: 1_000, abortGrace: 5_000 })
    await queue.publishMany(['deaf', 'next'])
    const deaf = await stage.begins(1)
    await world.pass(1_000)
    expect(deaf.signal.aborted).toBe(true)
    await world.pass(4_999)
    expect([overrun, stage.ids, worker.running]).toEqual([[], ['deaf'], 1])
    await world.pass(1)
    await stage.begins(2)
    expect([overrun, stage.ids]).toEqual([['deaf'], ['deaf', 'next']])
    expect(stage.running).toEqual(['deaf', 'next'])
    await spy.until(() => spy.settled.length >= 1)
    expect(await queue.inspect('deaf')).toMatchObject({ state: 'failed', error: { code: 'JOB_TIMEOUT' } })
    expect(await queue.publish('deaf')).toMatchObject({ outcome: 'queued', was: 'failed' })
    stage.end('next')
    const again = await stage.begins(3)
    expect([again.id, again.signal.aborted]).toEqual(['deaf', false])
    // The first run returns at last, while the second has the ID: nobody hears of it.
    stage.end('deaf')
    await world.pass(10_000)
    expect(again.signal.aborted).toBe(true)
    stage.end('deaf')
    await spy.until(() => spy.settled.length >= 3)
    expect(spy.settled).toEqual(['deaf fail 1', 'next done 1', 'deaf fail 1'])
    expect([lost, (await queue.stats()).totals]).toMatchObject([[], { failed: 2, done: 1, lost: 0 }])
  })

  test('an abortGrace of 0 frees the slot at once', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const overrun: string[] = []
    queue.on('overrun', (id) => overrun.push(id))
    const stage = world.stage()
    queue.process(stage.handler, { jobTimeout: 1_000, abortGrace: 0 })
    await queue.publish('deaf')
    await stage.begins(1)
    await world.pass(1_000)
    await spy.until(() => spy.settled.length >= 1)
    expect([overrun, spy.settled]).toEqual([['deaf'], ['deaf fail 1']])
  })

  test('without jobTimeout a job may take for ever', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('endless')
    const job = await stage.begins(1)
    for (let third = 1; third <= 100; third++) {
      await world.pass(10_000)
      await spy.until(() => spy.renewed.length >= third)
    }
    expect(job.signal.aborted).toBe(false)
  })
})
