import { expect, test } from 'vitest'
import { onBothStores } from './kit.js'

const THIRD = 10_000

onBothStores((kit) => {
  test('the lease is renewed at a third: a job much longer than the lease runs once and is never recovered', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, lease: 3 * THIRD })
    const jammed: unknown[] = []
    queue.jamGuard({ every: THIRD / 2 }, (jobs) => jammed.push(...jobs))
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('long')
    await stage.begins(1)
    await spy.until(() => spy.of('sweep').length >= 1)
    for (let half = 1; half <= 20; half++) {
      await world.pass(THIRD / 2)
      await spy.until(() => spy.of('sweep').length >= half + 1 && spy.renewed.length >= Math.floor(half / 2))
      const leaseEnd = (await queue.inspect('long')).claim?.leaseEnd.getTime()
      expect(leaseEnd).toBe(world.now + 3 * THIRD - (half % 2 ? THIRD / 2 : 0))
    }
    stage.end('long')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled).toEqual(['long done 1'])
    expect([stage.ids, jammed]).toEqual([['long'], []])
    expect((await queue.stats()).totals).toMatchObject({ done: 1, jammed: 0, lost: 0 })
  })

  test('a worker may have a lease of its own; what it claimed ahead is renewed with it', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, lease: 'PT3S' })
    await queue.publishMany(['a', 'b'])
    const stage = world.stage()
    expect(() => queue.process(stage.handler, { lease: 2_999 })).toThrow(
      /at least the queue's lease, 3000 ms, not 2999/,
    )
    queue.process(stage.handler, { lease: 'PT6S', prefetch: 1 })
    await stage.begins(1)
    const ends = async () =>
      (await queue.inspectMany(['a', 'b'])).map(({ claim }) => (claim?.leaseEnd.getTime() ?? 0) - world.now)
    expect(await ends()).toEqual([6_000, 6_000])
    // Each third of the queue's: that is what a guard goes by.
    await world.pass(999)
    expect(await ends()).toEqual([5_001, 5_001])
    await world.pass(1)
    await spy.until(() => spy.renewed.length >= 2)
    expect(spy.renewed).toEqual(['a 1', 'b 1'])
    expect(await ends()).toEqual([6_000, 6_000])
  })

  test.each([-10_000, 3_600_000])(
    'a lease of its own is kept though the clock of the server is set by %d ms',
    async (step) => {
      const world = await kit.world()
      const { clock, spy } = world
      const queue = world.queue({ clock, lease: 'PT3S' })
      const stage = world.stage()
      queue.process(stage.handler, { lease: 'PT60S' })
      await queue.publish('a')
      const job = await stage.begins(1)
      expect(await queue.sweep()).toEqual([])
      await world.serverPasses(step)
      queue.jamGuard({ every: 1_000 })
      await spy.until(() => spy.of('sweep').length >= 2)
      for (let second = 1; second <= 10; second++) {
        await world.pass(1_000)
        await spy.until(() => spy.of('sweep').length >= second + 2 && spy.renewed.length >= second)
      }
      expect(new Set(spy.renewed)).toEqual(new Set(['a 1']))
      expect(job.signal.aborted).toBe(false)
      stage.end('a')
      await spy.until(() => spy.settled.length >= 1)
      expect(spy.settled).toEqual(['a done 1'])
    },
  )

  test('renewals of many jobs go out together', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    await queue.publishMany(Array(500).keys())
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 500 })
    await stage.begins(500)
    const before = spy.of('step').length
    await world.pass(THIRD)
    await spy.until(() => spy.renewed.length >= 500)
    expect(spy.of('step').length - before).toBe(1)
  })

  test('a claim that was taken is told at the next renewal: event lost, signal aborted, and its end changes nothing', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const lost: string[] = []
    queue.on('lost', (id) => lost.push(id))
    const [stalled, healthy] = [world.stage(), world.stage()]
    const worker = queue.process(stalled.handler)
    await queue.publish('a')
    const job = await stalled.begins(1)
    worker.pause()
    expect(await world.lapse()).toMatchObject([{ id: 'a', jams: 1, started: true, now: 'queued' }])
    const other = world.queue().process(healthy.handler)
    expect(await healthy.begins(1)).toMatchObject({ id: 'a', jams: 1, attempt: 1 })
    expect(job.signal.aborted).toBe(false)
    clock.pass(THIRD)
    await spy.until(() => spy.renewed.length >= 1)
    expect([spy.renewed, lost]).toEqual([['a 0'], ['a']])
    expect(job.signal.reason).toMatchObject({
      name: 'ConvoyError',
      code: 'ABORTED',
      message: expect.stringMatching(/lost/),
    })
    stalled.end('a')
    await worker.close()
    expect(spy.settled).toEqual([])
    expect((await queue.inspect('a')).claim?.worker).toBe(other.name)
    healthy.end('a')
    await spy.until(() => spy.settled.length >= 1)
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { done: 1, jammed: 1, left: 1 } })
  })

  test.each([
    ['that was done', () => undefined, 'a done 0'],
    ['that failed', () => Promise.reject(new Error('too late')), 'a fail 0'],
  ])('a late settle of a job %s answers lost and changes nothing: another worker has it', async (_, how, mark) => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const lost: string[] = []
    queue.on('lost', (id) => lost.push(id))
    const [stalled, healthy] = [world.stage(), world.stage()]
    const worker = queue.process(stalled.handler)
    await queue.publish('a')
    await stalled.begins(1)
    worker.pause()
    await world.lapse()
    const other = world.queue().process(healthy.handler)
    const second = await healthy.begins(1)
    expect(second.epoch).toBeGreaterThan(stalled.begun[0]?.epoch ?? 0)
    const claim = (await queue.inspect('a')).claim
    stalled.end('a', how)
    await spy.until(() => spy.settled.length >= 1)
    expect([spy.settled, lost]).toEqual([[mark], ['a']])
    expect(await queue.inspect('a')).toMatchObject({ state: 'processing', failures: 0, claim })
    expect(claim?.worker).toBe(other.name)
    expect((await queue.stats()).totals).toMatchObject({ lost: 1, done: 0, failed: 0, left: 0 })
    healthy.end('a')
    await spy.until(() => spy.settled.length >= 2)
    expect(spy.settled[1]).toBe('a done 1')
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 0, totals: { lost: 1, done: 1 } })
  })

  test('a settle after the lease end is accepted as long as no sweep has taken the ID', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('a')
    await stage.begins(1)
    await world.serverPasses(10 * 30_000)
    stage.end('a')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled).toEqual(['a done 1'])
  })

  test('a worker that claims again what it lost is told of the loss: the first run is aborted, only the second counts', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const lost: string[] = []
    queue.on('lost', (id) => lost.push(id))
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publish('a')
    const first = await stage.begins(1)
    await world.lapse()
    const second = await stage.begins(2)
    expect([second.id, second.jams]).toEqual(['a', 1])
    expect(lost).toEqual(['a'])
    expect(first.signal.reason).toMatchObject({ code: 'ABORTED' })
    stage.end('a')
    expect(second.signal.aborted).toBe(false)
    stage.end('a')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled).toEqual(['a done 1'])
    expect((await queue.stats()).totals).toMatchObject({ done: 1, lost: 0 })
  })
})
