import { expect, test } from 'vitest'
import { onBothStores, onRedis } from './kit.js'

const LEASE = 30_000

onBothStores((kit) => {
  test('withdraw takes an ID out of every state, and tells which it was', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('delayed')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publishMany(['failed', 'processing'])
    await stage.begins(2)
    stage.end('failed', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.publish('filler')
    await stage.begins(3)
    await queue.publish('queued')
    const ids = ['absent', 'queued', 'delayed', 'processing', 'failed']
    const states = async () => (await queue.inspectMany(ids)).map(({ state }) => state)
    expect(await states()).toEqual(ids)
    expect(await queue.withdraw(ids)).toEqual(ids.map((was) => ({ id: was, was })))
    expect(await states()).toEqual(['absent', 'absent', 'absent', 'processing', 'absent'])
    expect(await queue.stats()).toMatchObject({
      queued: 0,
      delayed: 0,
      processing: 2,
      failed: 0,
      totals: { withdrawn: 4 },
    })
    expect(await queue.withdraw(ids)).toEqual(ids.map((id) => ({ id, was: id === 'processing' ? id : 'absent' })))
    expect((await queue.stats()).totals.withdrawn).toBe(4)
    stage.end('processing')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect(await states()).toEqual(Array(5).fill('absent'))
  })

  test('what was withdrawn while it waited does not run, and published again it stands where it stood', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b', 'c', 'd'])
    await queue.withdraw(['b', 'a', 'b'])
    expect((await queue.list('queued')).ids).toEqual(['c', 'd'])
    expect(await queue.publish('b')).toEqual({ id: 'b', outcome: 'queued', was: 'absent', guaranteed: true })
    expect((await queue.list('queued')).ids).toEqual(['b', 'c', 'd'])
    const stage = world.stage()
    stage.open()
    queue.process(stage.handler)
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect(stage.ids).toEqual(['b', 'c', 'd'])
    expect((await queue.stats()).totals).toMatchObject({ entered: 5, left: 5, done: 3, withdrawn: 2 })
  })

  test('withdraw takes one text as one ID, and any iterable', async () => {
    const queue = (await kit.world()).queue()
    await queue.publishMany(['abc', 'a', 1])
    expect(await queue.withdraw('abc')).toEqual([{ id: 'abc', was: 'queued' }])
    expect(await queue.withdraw(new Set(['a', 1]))).toEqual([
      { id: 'a', was: 'queued' },
      { id: '1', was: 'queued' },
    ])
    expect(await queue.withdraw([])).toEqual([])
  })

  test('a running job that is withdrawn: its signal is aborted at the next renewal, it ends uncounted, nothing else of it is left', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const events: string[] = []
    for (const name of ['withdrawn', 'lost'] as const) queue.on(name, (id) => events.push(`${name} ${id}`))
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('a')
    const job = await stage.begins(1)
    expect(await queue.withdraw('a')).toEqual([{ id: 'a', was: 'processing' }])
    expect(await queue.inspect('a')).toMatchObject({ state: 'processing', claim: { withdrawn: true, owed: false } })
    expect(job.signal.aborted).toBe(false)
    for (let renewal = 1; renewal <= 2; renewal++) {
      await world.pass(LEASE / 3)
      await spy.until(() => spy.renewed.length >= renewal)
    }
    expect([spy.renewed, events]).toEqual([['a w', 'a w'], ['withdrawn a']])
    expect(job.signal.reason).toMatchObject({
      name: 'ConvoyError',
      code: 'ABORTED',
      message: expect.stringMatching(/withdrawn/),
    })
    expect((await queue.inspect('a')).claim?.leaseEnd.getTime()).toBe(world.now + LEASE)
    stage.end('a')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled[0]).toMatch(/^a \w+ w$/)
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'absent', attempt: 1, jams: 0, failures: 0 })
    expect(await queue.stats()).toMatchObject({
      committed: 0,
      failed: 0,
      totals: { done: 0, failed: 0, withdrawn: 1, left: 1 },
    })
    expect(events).toEqual(['withdrawn a'])
  })

  test.each([
    ['returns', () => undefined],
    ['throws', () => Promise.reject(new Error('no'))],
  ])('published again meanwhile it is owed one run, which starts after the withdrawn one %s', async (_, how) => {
    const world = await kit.world()
    const { spy } = world
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publish('a')
    await stage.begins(1)
    await queue.withdraw('a')
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'rerun', was: 'processing', guaranteed: true })
    expect(await queue.publish('a')).toEqual({ id: 'a', outcome: 'duplicate', was: 'processing', guaranteed: true })
    expect((await queue.inspect('a')).claim).toMatchObject({ withdrawn: true, owed: true })
    expect(stage.begun).toHaveLength(1)
    stage.end('a', how)
    const second = await stage.begins(2)
    expect(second).toMatchObject({ id: 'a', attempt: 1 })
    expect((await queue.inspect('a')).claim).toMatchObject({ withdrawn: false, owed: false })
    stage.end('a')
    await spy.until(() => spy.settled.length >= 2)
    expect(spy.settled[1]).toBe('a done 1')
    expect(await queue.inspect('a')).toMatchObject({ state: 'absent', failures: 0 })
    expect((await queue.stats()).totals).toMatchObject({
      published: 3,
      duplicates: 1,
      done: 1,
      failed: 0,
      withdrawn: 1,
    })
  })

  test('a run that is owed may be withdrawn too', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('a')
    await stage.begins(1)
    await queue.withdraw('a')
    await queue.publish('a')
    await queue.withdraw('a')
    expect((await queue.inspect('a')).claim).toMatchObject({ withdrawn: true, owed: false })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect((await queue.inspect('a')).state).toBe('absent')
    expect((await queue.stats()).totals.withdrawn).toBe(2)
  })

  test('a withdrawn run whose handler fails is no failure: no error is kept, no event failed is told', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const failed: string[] = []
    queue.on('failed', (id) => failed.push(id))
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('a')
    await stage.begins(1)
    await queue.withdraw('a')
    stage.end('a', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(world.spy.settled).toEqual(['a fail w'])
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'absent', attempt: 1, jams: 0, failures: 0 })
    expect(failed).toEqual([])
  })

  test('what was claimed ahead and withdrawn does not start', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler, { prefetch: 1 })
    await queue.publishMany(['a', 'b'])
    await stage.begins(1)
    await spy.until(() => spy.claimed.length >= 2)
    await queue.withdraw('b')
    await world.pass(LEASE / 3)
    await spy.until(() => spy.renewed.length >= 2)
    stage.end('a')
    await spy.until(() => spy.settled.length >= 2)
    expect(spy.settled.toSorted()).toEqual(['a done 1', 'b release w'])
    expect(stage.ids).toEqual(['a'])
    expect((await queue.inspect('b')).state).toBe('absent')
  })

  test('a withdrawn job whose worker died is ended by the sweep: absent, or run again when owed, without a jam', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['gone', 'owed'])
    await world.die({ claim: 2 })
    await queue.withdraw(['gone', 'owed'])
    await queue.publish('owed')
    const jammed = await world.lapse()
    expect(jammed.map(({ id, now, jams }) => [id, now, jams]).toSorted()).toEqual([
      ['gone', 'absent', 0],
      ['owed', 'queued', 0],
    ])
    expect(await queue.inspectMany(['gone', 'owed'])).toMatchObject([{ state: 'absent' }, { state: 'queued', jams: 0 }])
    expect((await queue.stats()).totals).toMatchObject({ jammed: 0, withdrawn: 2 })
  })

  test('withdraw forgets a failure and its count', async () => {
    const world = await kit.world()
    const queue = world.queue({ maxJams: 0 })
    await queue.publish('a')
    await world.die()
    await world.lapse({ maxJams: 0 })
    expect(await queue.inspect('a')).toMatchObject({ state: 'failed', failures: 1 })
    expect(await queue.withdraw('a')).toEqual([{ id: 'a', was: 'failed' }])
    expect(await queue.publish('a')).toMatchObject({ outcome: 'queued', was: 'absent' })
    expect((await queue.inspect('a')).failures).toBe(0)
  })
})

onRedis('on Redis, in its own keys', (kit) => {
  test('an ID withdrawn from the line leaves one stale entry and its mark, until a claim passes it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b'])
    await queue.withdraw('a')
    const raw = async () => [
      await kit.read(world, 'LRANGE', 'queued', '0', '-1'),
      await kit.read(world, 'SMEMBERS', 'ghosts'),
    ]
    expect(await raw()).toEqual([['a', 'b'], ['a']])
    expect(await world.die({ claim: 1 })).toEqual(['b'])
    expect(await raw()).toEqual([[], []])
  })
})
