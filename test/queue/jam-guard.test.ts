import { expect, test } from 'vitest'
import type { JammedJob } from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

const LEASE = 30_000

/** Lets time pass in steps of a guard's interval, each until it has swept. */
async function guarded(world: World, every: number, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const before = world.spy.of('sweep').length
    await world.pass(every)
    await world.spy.until(() => world.spy.of('sweep').length > before)
  }
}

onBothStores((kit) => {
  test('the job of a dead worker is recovered on an idle queue, to the head of the line, and its listeners are told', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.publishMany(['a', 'b', 'c'])
    const startedAt = world.now
    expect(await world.die()).toEqual(['a'])
    const [told, heard]: [JammedJob[], JammedJob[]] = [[], []]
    queue.on('jammed', (jobs) => heard.push(...jobs))
    queue.jamGuard({ every: 5_000 }, (jobs) => told.push(...jobs))
    await world.spy.until(() => world.spy.of('sweep').length >= 1)
    await guarded(world, 5_000, 5)
    expect([told, (await queue.inspect('a')).state]).toEqual([[], 'processing'])
    await guarded(world, 5_000, 1)
    expect(told).toEqual([
      { id: 'a', jams: 1, started: true, now: 'queued', worker: 'dead1', epoch: expect.any(Number), startedAt },
    ])
    expect(heard).toEqual(told)
    expect((await queue.list('queued')).ids).toEqual(['a', 'b', 'c'])
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'queued', attempt: 1, jams: 1, failures: 0 })
    const stage = world.stage()
    queue.process(stage.handler)
    expect(await stage.begins(1)).toMatchObject({ id: 'a', jams: 1, attempt: 1 })
    expect((await queue.stats()).totals).toMatchObject({ jammed: 1, failed: 0, done: 0 })
  })

  test('later jams wait jams x lease and some more; then the guard puts them to the tail', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.publishMany(['poison', 'neighbour1'])
    for (const [jams, now] of [
      [1, 'queued'],
      [2, 'delayed'],
      [3, 'delayed'],
    ] as const) {
      expect(await world.die()).toEqual(['poison'])
      expect(await world.lapse({ jitter: 0.5 })).toMatchObject([{ id: 'poison', jams, now }])
      const { dueAt } = await queue.inspect('poison')
      if (jams === 1) continue
      expect(dueAt?.getTime()).toBe(world.now + jams * LEASE + LEASE / 4)
      expect(await queue.stats()).toMatchObject({ delayed: 1, queued: 1, processing: 0, committed: 2 })
      expect((await queue.list('delayed')).ids).toEqual(['poison'])
      await world.serverPasses(jams * LEASE + LEASE / 4)
      await queue.sweep()
      expect((await queue.list('queued')).ids).toEqual([`neighbour${jams - 1}`, 'poison'])
      await queue.withdraw(`neighbour${jams - 1}`)
      await queue.publish(`neighbour${jams}`)
    }
  })

  test('the jitter of later jams is drawn between nothing and half a lease', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.publishMany(Array(40).keys())
    for (let jam = 1; jam <= 2; jam++) {
      await world.die({ claim: 40 })
      for (let half = 0; half < 3; half++) {
        await queue.sweep()
        if (half < 2) await world.serverPasses(LEASE / 2)
      }
    }
    const dues = (await queue.inspectMany(Array(40).keys())).map(
      ({ dueAt }) => (dueAt?.getTime() ?? 0) - world.now - 2 * LEASE,
    )
    expect(Math.min(...dues)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...dues)).toBeLessThanOrEqual(LEASE / 2)
  })

  test('an idle worker takes a delayed ID when it is due, without any guard', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    await world.serverPasses(2 * LEASE - 1)
    const stage = world.stage()
    queue.process(stage.handler)
    await world.spy.until(() => world.spy.of('step').length >= 1)
    expect([stage.ids, world.spy.of('step')[0]?.reply.dueIn]).toEqual([[], 1])
    await world.serverPasses(1)
    expect(await stage.begins(1)).toMatchObject({ id: 'a', jams: 2 })
  })

  test('past maxJams the ID fails as JAMMED; published again it starts from zero', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock, maxJams: 1 })
    const told: JammedJob[] = []
    queue.on('jammed', (jobs) => told.push(...jobs))
    await queue.publish('a')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      for (let half = 0; half < 3; half++) {
        await queue.sweep()
        if (half < 2) await world.serverPasses(LEASE / 2)
      }
    }
    expect(told).toMatchObject([
      { jams: 1, now: 'queued' },
      { jams: 2, now: 'failed' },
    ])
    const info = await queue.inspect('a')
    expect(info).toMatchObject({
      state: 'failed',
      failures: 1,
      jams: 0,
      error: { code: 'JAMMED', message: expect.stringMatching(/more than 1/), at: new Date(world.now) },
    })
    expect(info.error?.attempt).toBe(1)
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 1, totals: { jammed: 2, failed: 1, left: 1 } })
    expect(await queue.publish('a')).toMatchObject({ outcome: 'queued', was: 'failed' })
    expect(await queue.inspect('a')).toMatchObject({ state: 'queued', jams: 0, failures: 1 })
  })

  test('with maxJams 0 the first lapse is final; a guard and a sweep may have a maxJams of their own', async () => {
    const world = await kit.world()
    const queue = world.queue({ maxJams: 0 })
    await queue.publishMany(['a', 'b'])
    await world.die()
    await queue.sweep()
    for (let half = 0; half < 2; half++) {
      await world.serverPasses(LEASE / 2)
      await queue.sweep({ maxJams: 0 })
    }
    expect((await queue.inspect('a')).state).toBe('failed')
    await world.die()
    for (let half = 0; half < 2; half++) {
      await world.serverPasses(LEASE / 2)
      await queue.sweep({ maxJams: 5 })
    }
    expect(await queue.inspect('b')).toMatchObject({ state: 'queued', jams: 1 })
  })

  test('done and withdraw clear the jams, a failure too', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    const ends: Record<string, () => unknown> = { done: () => {}, failed: () => Promise.reject(new Error('no')) }
    await queue.publishMany(['done', 'failed', 'withdrawn'])
    await world.die({ claim: 3 })
    await world.lapse()
    expect((await queue.inspectMany(['done', 'failed', 'withdrawn'])).map(({ jams }) => jams)).toEqual([1, 1, 1])
    await queue.withdraw('withdrawn')
    queue.process(stage.handler, { concurrency: 2 })
    await stage.begins(2)
    for (const [id, how] of Object.entries(ends)) stage.end(id, how)
    await world.spy.until(() => world.spy.settled.length >= 2)
    await queue.publishMany(['done', 'failed', 'withdrawn'])
    expect((await queue.inspectMany(['done', 'failed', 'withdrawn'])).map(({ jams }) => jams)).toEqual([0, 0, 0])
  })

  test('what was claimed ahead and never started is recovered without a jam', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['started', 'ahead'])
    await world.die({ claim: 2, started: 1 })
    const jammed = await world.lapse()
    expect(jammed.map(({ id, jams, started }) => [id, jams, started])).toEqual(
      [
        ['ahead', 0, false],
        ['started', 1, true],
      ].toSorted(),
    )
    expect((await queue.inspectMany(['started', 'ahead'])).map(({ state, jams }) => [state, jams])).toEqual([
      ['queued', 1],
      ['queued', 0],
    ])
    expect((await queue.stats()).totals.jammed).toBe(1)
  })

  test('hundreds that jam at once are recovered in one pass, in the order of their leases', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const told: JammedJob[] = []
    await queue.publishMany(Array(1_300).keys())
    await world.die({ claim: 1_000 })
    await world.die({ claim: 250 })
    await queue.sweep()
    await world.serverPasses(LEASE / 2)
    await queue.sweep()
    queue.jamGuard({ every: 5_000 }, (jobs) => told.push(...jobs))
    await world.spy.until(() => world.spy.of('sweep').length >= 3)
    await world.pass(LEASE / 2)
    await world.spy.until(() => told.length >= 1_250)
    expect(new Set(told.map(({ id }) => id)).size).toBe(1_250)
    expect(await queue.stats()).toMatchObject({ processing: 0, queued: 1_300, totals: { jammed: 1_250 } })
  })

  test('an onJammed that throws is told as an error and stops nothing', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const errors: unknown[] = []
    queue.on('error', (error) => errors.push(error))
    const trouble = new Error('bad callback')
    await queue.publishMany(['a', 'b'])
    queue.jamGuard({ every: 5_000 }, () => {
      throw trouble
    })
    await world.spy.until(() => world.spy.of('sweep').length >= 1)
    for (const id of ['a', 'b']) {
      expect(await world.die()).toEqual([id])
      await guarded(world, 5_000, 6)
      await queue.withdraw(id)
    }
    expect(errors).toMatchObject([{ name: 'ConvoyError', cause: trouble }, { cause: trouble }])
  })
})
