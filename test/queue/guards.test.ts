import { expect, onTestFinished, test } from 'vitest'
import { createQueue, type JammedJob, type Queue } from '../../src/index.js'
import { spawnChild } from './child-process.js'
import { onBothStores, onRedis, type World } from './kit.js'
import { ManualClock } from './manual-clock.js'

const LEASE = 30_000
const EVERY = 5_000

/** One process that tells of its guard. */
function guard(world: World, events: string[], name: string, clock = world.clock): Queue {
  const queue = world.queue({ clock })
  queue.on('guardGained', () => events.push(`${name} gained`))
  queue.on('guardLost', () => events.push(`${name} lost`))
  return queue
}

const sweeps = (world: World) => world.spy.of('sweep')
const worked = (world: World) => sweeps(world).filter(({ reply }) => reply.held).length

onBothStores((kit) => {
  test('of several guards one works per interval; which one is told by events', async () => {
    const world = await kit.world()
    const events: string[] = []
    for (const name of ['one', 'two', 'three']) guard(world, events, name).jamGuard({ every: EVERY })
    await world.spy.until(() => sweeps(world).length >= 3)
    expect([events, worked(world)]).toEqual([[expect.stringMatching(/gained/)], 1])
    for (let interval = 1; interval <= 20; interval++) {
      await world.pass(EVERY)
      await world.spy.until(() => worked(world) >= interval + 1)
    }
    expect(events).toHaveLength(1)
    // Each interval one did the work, and whoever else looked did nothing.
    expect(worked(world)).toBe(21)
    expect(sweeps(world).length).toBeLessThan(21 + 2 * 20 + 3)
    expect(
      new Set(
        sweeps(world)
          .filter(({ reply }) => reply.held)
          .map(({ request }) => request.guard?.id),
      ).size,
    ).toBe(1)
  })

  test('when the guard that works is closed another takes over one and a half intervals after its last work', async () => {
    const world = await kit.world()
    const events: string[] = []
    const first = guard(world, events, 'first').jamGuard({ every: EVERY })
    await world.spy.until(() => worked(world) >= 1)
    guard(world, events, 'second').jamGuard({ every: EVERY })
    await world.spy.until(() => sweeps(world).length >= 2)
    await first.close()
    await world.pass(1.5 * EVERY)
    await world.spy.until(() => sweeps(world).length >= 3)
    expect(events).toEqual(['first gained', 'second gained'])
  })

  test('a guard that stalls and comes back finds another at work, and says that it has lost', async () => {
    const world = await kit.world()
    const events: string[] = []
    const stalled = new ManualClock()
    guard(world, events, 'stalled', stalled).jamGuard({ every: EVERY })
    await world.spy.until(() => worked(world) >= 1)
    await world.serverPasses(2 * EVERY)
    guard(world, events, 'other').jamGuard({ every: EVERY })
    await world.spy.until(() => worked(world) >= 2)
    stalled.pass(EVERY)
    await world.spy.until(() => sweeps(world).length >= 3)
    expect(events).toEqual(['stalled gained', 'other gained', 'stalled lost'])
    expect(sweeps(world).at(-1)?.reply).toMatchObject({ held: false, jammed: [] })
  })

  test('a guard that looks in vain looks again when the other one would have to be back', async () => {
    const world = await kit.world()
    await world.store().sweep(
      {
        limit: 1,
        maxJams: 3,
        keepFailed: 1,
        lease: LEASE,
        jitter: 0,
        error: '{}',
        guard: { id: 'dead', every: EVERY },
      },
      { timeout: 1_000 },
    )
    const events: string[] = []
    guard(world, events, 'heir').jamGuard({ every: EVERY })
    await world.spy.until(() => sweeps(world).length >= 1)
    expect(sweeps(world)[0]?.reply).toEqual({ held: false, wait: 1.5 * EVERY, more: false, jammed: [] })
    await world.pass(1.5 * EVERY)
    await world.spy.until(() => sweeps(world).length >= 2)
    expect(events).toEqual(['heir gained'])
  })

  test('after an outage longer than the lease the living renew first: only the dead are recovered, half a lease later', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const told: JammedJob[] = []
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('living')
    await stage.begins(1)
    await world.queue().publish('dead')
    expect(await world.die()).toEqual(['dead'])
    await queue.sweep()
    // Nothing is heard of anybody for ten leases: then the guard comes back first.
    await world.serverPasses(10 * LEASE)
    queue.jamGuard({ every: EVERY }, (jobs) => told.push(...jobs))
    await spy.until(() => sweeps(world).length >= 2)
    expect([told, sweeps(world).at(-1)?.reply.wait]).toEqual([[], LEASE / 4])
    clock.pass(LEASE / 3)
    await spy.until(() => spy.renewed.length >= 1 && sweeps(world).length >= 3)
    expect([spy.renewed, told]).toEqual([['living 1'], []])
    await world.pass(LEASE / 2)
    await spy.until(() => told.length > 0)
    expect(told).toMatchObject([{ id: 'dead', jams: 1 }])
    expect(stage.begun.filter(({ id }) => id === 'living')).toHaveLength(1)
    expect((await queue.stats()).totals.jammed).toBe(1)
  })

  test('sweep does one pass, for cron: it answers with what it recovered, and at once when nothing has jammed', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const heard: JammedJob[] = []
    queue.on('jammed', (jobs) => heard.push(...jobs))
    expect(await queue.sweep()).toEqual([])
    await queue.publishMany(['a', 'b'])
    await world.die({ claim: 2 })
    expect(await queue.sweep()).toEqual([])
    await world.serverPasses(LEASE / 2)
    expect(await queue.sweep()).toEqual([])
    await world.serverPasses(LEASE / 2)
    const jammed = await queue.sweep()
    expect(jammed.map(({ id, jams, worker, now }) => [id, jams, worker, now])).toEqual([
      ['a', 1, 'dead1', 'queued'],
      ['b', 1, 'dead1', 'queued'],
    ])
    expect(heard).toEqual(jammed)
    expect((await queue.list('queued')).ids).toEqual(['a', 'b'])
    expect([clock.pending, spy.of('sweep').length]).toEqual([0, 4])
  })

  test('a sweep that comes late waits half a lease before it recovers, or until its signal says no', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    await queue.publish('a')
    await world.die()
    await world.serverPasses(10 * LEASE)
    const controller = new AbortController()
    const stopped = queue.sweep({ signal: controller.signal })
    await spy.until(() => sweeps(world).length >= 1)
    controller.abort()
    expect(await stopped).toEqual([])
    const sweeping = queue.sweep()
    await spy.until(() => sweeps(world).length >= 2)
    expect((await queue.inspect('a')).state).toBe('processing')
    await world.pass(LEASE / 2)
    expect(await sweeping).toMatchObject([{ id: 'a', jams: 1 }])
    expect(clock.pending).toBe(0)
  })

  test('a sweep works beside a guard, whoever holds its lease', async () => {
    const world = await kit.world()
    const events: string[] = []
    const queue = guard(world, events, 'guard')
    queue.jamGuard({ every: EVERY })
    await world.spy.until(() => worked(world) >= 1)
    await queue.publish('a')
    await world.die()
    for (let half = 0; half < 2; half++) {
      await world.serverPasses(LEASE / 2)
      const jammed = await world.queue().sweep()
      expect(jammed.map(({ id }) => id)).toEqual(half === 0 ? [] : ['a'])
    }
    expect(events).toEqual(['guard gained'])
  })

  test('a guard closes at once, and leaves no timer', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    const one = queue.jamGuard({ every: EVERY })
    await world.spy.until(() => worked(world) >= 1)
    await one.close()
    await one.close()
    expect(world.clock.pending).toBe(0)
    {
      await using _ = queue.jamGuard()
      await world.spy.until(() => worked(world) >= 1)
    }
    expect(world.clock.pending).toBe(0)
  })
})

onRedis('with real processes', (kit) => {
  test('when the process of the guard that works is killed another takes over', async () => {
    const options = { store: kit.server().url, prefix: `guards${process.pid}` }
    const queue = createQueue('trucks', options)
    onTestFinished(() => queue.close())
    await queue.ready()
    const child = spawnChild('guard', options)
    await child.says(/^guards$/)
    const gained = new Promise<void>((resolve) => queue.on('guardGained', resolve))
    queue.jamGuard({ every: 200 })
    const held = async () => kit.server().cli('HGET', `${options.prefix}:{trucks}:guard`, 'holder')
    const first = await held()
    await child.kill('SIGKILL')
    await gained
    expect(await held()).not.toBe(first)
  })
})
