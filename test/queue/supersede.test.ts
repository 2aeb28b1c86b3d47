import { expect, test } from 'vitest'
import type { ConvoyError, QueueOptions } from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

const LEASE = 30_000

/** One job that runs with `v1`, and what its queue tells. */
async function running(world: World, options: QueueOptions<string>) {
  const { clock } = world
  const queue = world.queueFor<string>({ clock, ...options })
  const told: string[] = []
  for (const name of ['superseded', 'withdrawn', 'lost', 'failed', 'retrying'] as const) {
    queue.on(name, (...[id]) => told.push(`${name} ${id}`))
  }
  const stage = world.stage()
  queue.process((job) => stage.handler(job))
  await queue.publish('a', { payload: 'v1' })
  const job = await stage.begins(1)
  return { queue, told, stage, job }
}

/** Lets the next renewals be answered. */
async function renew(world: World): Promise<void> {
  const { spy } = world
  const before = spy.renewed.length
  await world.pass(LEASE / 3)
  await spy.until(() => spy.renewed.length > before)
}

onBothStores((kit) => {
  test('a superseding publish aborts the running job at its next renewal; it ends uncounted, and runs with the newest payload', async () => {
    const world = await kit.world()
    const options = { attempts: 3, backoff: LEASE, dedupe: { processing: 'supersede' } } as const
    const { queue, told, stage, job } = await running(world, options)
    expect(await queue.publish('a', { payload: 'v2' })).toMatchObject({ outcome: 'rerun', was: 'processing' })
    expect(await queue.publish('a', { payload: 'v3' })).toMatchObject({ outcome: 'updated', was: 'processing' })
    expect([job.signal.aborted, job.owed]).toEqual([false, false])
    for (let i = 0; i < 2; i++) await renew(world)
    expect(world.spy.renewed).toEqual(['a s', 'a s'])
    expect(job.signal.reason).toMatchObject({
      name: 'ConvoyError',
      code: 'SUPERSEDED',
      message: expect.stringMatching(/'a'/),
    })
    expect([job.owed, told]).toEqual([true, ['superseded a']])
    expect(stage.begun).toHaveLength(1)
    stage.end('a', () => Promise.reject(job.signal.reason))
    const next = await stage.begins(2)
    expect(next).toMatchObject({ id: 'a', attempt: 1, owed: false, payload: 'v3' })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(world.spy.settled).toEqual(['a release s', 'a done 1'])
    expect(told).toEqual(['superseded a'])
    expect((await queue.stats()).totals).toMatchObject({ done: 1, failed: 0, retried: 0, withdrawn: 0, left: 1 })
    expect(await queue.inspect('a')).toMatchObject({ state: 'absent', failures: 0 })
  })

  test.each<[what: string, options: QueueOptions<string>, end: string]>([
    ['fails', {}, 'a fail s'],
    ['fails with attempts left', { attempts: 5 }, 'a retry s'],
  ])('superseded and not told yet, a run that %s is no failure', async (_, options, end) => {
    const world = await kit.world()
    const { queue, told, stage } = await running(world, { ...options, dedupe: { processing: 'supersede' } })
    await queue.publish('a', { payload: 'v2' })
    stage.end('a', () => Promise.reject(new Error('half done')))
    expect(await stage.begins(2)).toMatchObject({ attempt: 1, payload: 'v2' })
    expect([world.spy.settled, told]).toEqual([[end], []])
    expect(await queue.inspect('a')).toMatchObject({ failures: 0, state: 'processing' })
    expect(await queue.inspect('a')).not.toHaveProperty('error')
  })

  test('superseded, a handler that succeeds all the same has done its run, and the newest follows', async () => {
    const world = await kit.world()
    const { queue, stage } = await running(world, { dedupe: { processing: 'supersede' } })
    await queue.publish('a', { payload: 'v2' })
    await renew(world)
    stage.end('a')
    expect(await stage.begins(2)).toMatchObject({ payload: 'v2' })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(world.spy.settled).toEqual(['a done 1', 'a done 1'])
    expect((await queue.stats()).totals).toMatchObject({ done: 2, failed: 0 })
  })

  test('where a run is owed the job knows that it is out of date, and goes on', async () => {
    const world = await kit.world()
    const { queue, told, stage, job } = await running(world, { dedupe: 'latest' })
    await renew(world)
    expect(job.owed).toBe(false)
    await queue.publish('a', { payload: 'v2' })
    await renew(world)
    await renew(world)
    expect([world.spy.renewed, job.owed, job.signal.aborted, told]).toEqual([['a 1', 'a o', 'a o'], true, false, []])
    const claim = (await queue.inspect('a')).claim
    expect(Number(claim?.leaseEnd)).toBe(world.now + LEASE)
    stage.end('a')
    expect(await stage.begins(2)).toMatchObject({ owed: false, payload: 'v2' })
  })

  test('a run that was told by its lease is held by its renewals, however long it takes to stop', async () => {
    const world = await kit.world()
    const errors: ConvoyError[] = []
    const { queue, stage, job } = await running(world, { dedupe: { processing: 'supersede' } })
    queue.on('error', (error) => errors.push(error))
    await queue.publish('a', { payload: 'v2' })
    for (let third = 1; third <= 9; third++) await renew(world)
    expect(await queue.sweep()).toEqual([])
    expect([job.signal.reason.code, stage.begun.length, errors]).toEqual(['SUPERSEDED', 1, []])
  })

  test('withdrawn after it was superseded, it is told of that once, and does not run again', async () => {
    const world = await kit.world()
    const { queue, told, stage } = await running(world, { dedupe: { processing: 'supersede' } })
    await queue.publish('a', { payload: 'v2' })
    await renew(world)
    await queue.withdraw('a')
    await renew(world)
    stage.end('a', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect([world.spy.renewed, world.spy.settled, told]).toEqual([['a s', 'a w'], ['a release w'], ['superseded a']])
    expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
  })

  test.each<[what: string, processing: 'rerun' | 'supersede', begun: unknown[], settled: string[]]>([
    [
      'out of date it begins, and knows it',
      'rerun',
      [
        ['b', true],
        ['b', false],
      ],
      ['b done 1', 'b done 1'],
    ],
    ['superseded it does not begin', 'supersede', [['b', false]], ['b release s', 'b done 1']],
  ])('claimed ahead and %s', async (_, processing, begun, settled) => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, dedupe: { processing } })
    const stage = world.stage()
    queue.process(stage.handler, { prefetch: 1 })
    await queue.publishMany(['a', 'b'])
    await stage.begins(1)
    await spy.until(() => spy.claimed.length >= 2)
    await queue.publish('b')
    await world.pass(LEASE / 3)
    await spy.until(() => spy.renewed.length >= 2)
    stage.end('a')
    const seen: unknown[] = []
    for (let n = 2; n < 2 + begun.length; n++) {
      const job = await stage.begins(n)
      seen.push([job.id, job.owed])
      stage.end('b')
    }
    await spy.until(() => spy.settled.length >= 3)
    expect(seen).toEqual(begun)
    expect(spy.settled.filter((end) => end.startsWith('b'))).toEqual(settled)
  })
})
