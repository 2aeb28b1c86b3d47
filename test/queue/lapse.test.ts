import { expect, test } from 'vitest'
import type { ConvoyError } from '../../src/index.js'
import { onBothStores, type World } from './kit.js'

const LEASE = 30_000
/** A tenth of it is left for the handler to stop. */
const LAPSE = 27_000

/** One job that runs, by the timers of the world. */
async function running(world: World, options: { concurrency?: number; prefetch?: number } = {}) {
  const { clock } = world
  const queue = world.queue({ clock, lease: LEASE })
  const errors: ConvoyError[] = []
  queue.on('error', (error) => errors.push(error))
  const stage = world.stage()
  const worker = queue.process(stage.handler, options)
  await queue.publish('a')
  const job = await stage.begins(1)
  return { queue, errors, stage, worker, job }
}

const codes = (errors: readonly ConvoyError[]): string[] => errors.map(({ code }) => code)

onBothStores((kit) => {
  test('a lease that cannot be renewed aborts the signal while the server still keeps the claim', async () => {
    const world = await kit.world()
    const { job } = await running(world)
    const gate = world.spy.hold('step')
    await world.pass(LAPSE - 1)
    expect(job.signal.aborted).toBe(false)
    await world.pass(1)
    expect(job.signal.reason).toMatchObject({ name: 'ConvoyError', code: 'LEASE_LAPSED' })
    const claim = (await world.queue().inspect('a')).claim
    expect(Number(claim?.leaseEnd) - world.now).toBe(LEASE - LAPSE)
    gate.opened.open()
  })

  test.each([1, 3])(
    'a worker all of whose %d jobs were lost goes on, once their handlers have ended',
    async (concurrency) => {
      const world = await kit.world()
      const { clock, spy } = world
      const [stalled, healthy] = [world.stage(), world.stage()]
      const queue = world.queue({ clock, lease: LEASE })
      queue.process(stalled.handler, { concurrency })
      const ids = Array.from({ length: concurrency }, (_, n) => `a${n}`)
      await queue.publishMany(ids)
      await stalled.begins(concurrency)
      await world.lapse()
      const other = world.queue().process(healthy.handler, { concurrency })
      await healthy.begins(concurrency)
      clock.pass(LEASE / 3)
      await spy.until(() => spy.renewed.length >= concurrency)
      expect(spy.renewed).toEqual(ids.map((id) => `${id} 0`))
      for (const id of ids) healthy.end(id)
      await other.close()
      await queue.publish('b')
      // No guard sweeps, no time passes: a slot that is free is all that it takes.
      for (const id of ids) stalled.end(id)
      expect((await stalled.begins(concurrency + 1)).id).toBe('b')
      stalled.open()
    },
  )

  test('it is counted from when the last accepted renewal was sent, not from its answer', async () => {
    const world = await kit.world()
    const { spy } = world
    const { job } = await running(world)
    await world.pass(LEASE / 3)
    await spy.until(() => spy.renewed.length >= 1)
    const gate = spy.hold('step')
    await world.pass(LEASE / 3)
    await spy.until(() => gate.waiting >= 1)
    // Sent at two thirds, answered just before the whole.
    await world.pass(LEASE / 3 - 1)
    gate.opened.open()
    await spy.until(() => spy.renewed.length >= 2)
    const again = spy.hold('step')
    await world.pass(LAPSE - LEASE / 3)
    expect(job.signal.aborted).toBe(false)
    await world.pass(1)
    expect(job.signal.reason).toMatchObject({ code: 'LEASE_LAPSED' })
    again.opened.open()
  })

  test('a handler that goes on all the same has done its work, if the server still keeps the claim', async () => {
    const world = await kit.world()
    const { spy } = world
    const { queue, stage, job } = await running(world)
    const gate = spy.hold('step')
    await world.pass(LAPSE)
    expect(job.signal.aborted).toBe(true)
    gate.opened.open()
    stage.end('a')
    await spy.until(() => spy.settled.length >= 1)
    expect(spy.settled).toEqual(['a done 1'])
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { done: 1, failed: 0, jammed: 0 } })
  })

  test('a handler that stops and throws has not failed: the ID goes to the head of the line, and nothing is counted', async () => {
    const world = await kit.world()
    const { spy } = world
    const { queue, stage, job } = await running(world)
    const gate = spy.hold('step')
    await world.pass(LAPSE)
    stage.end('a', () => {
      throw job.signal.reason
    })
    gate.opened.open()
    expect(await stage.begins(2)).toMatchObject({ id: 'a', attempt: 1, jams: 0 })
    expect(spy.settled).toEqual(['a release 1'])
    stage.end('a')
    await spy.until(() => spy.settled.length >= 2)
    expect((await queue.stats()).totals).toMatchObject({ done: 1, failed: 0, jammed: 0, lost: 0 })
  })

  test('what was claimed ahead is not begun any more once its lease has lapsed', async () => {
    const world = await kit.world()
    const { spy, clock } = world
    const queue = world.queue({ clock, lease: LEASE })
    await queue.publishMany(['a', 'ahead'])
    const stage = world.stage()
    queue.process(stage.handler, { prefetch: 1 })
    await stage.begins(1)
    const gate = spy.hold('step')
    await world.pass(LAPSE)
    stage.end('a')
    gate.opened.open()
    await spy.until(() => spy.settled.includes('ahead release 1'))
    // Claimed again at once, and then it runs.
    const job = await stage.begins(2)
    expect(job).toMatchObject({ id: 'ahead', attempt: 1, jams: 0 })
    expect([stage.ids, job.signal.aborted]).toEqual([['a', 'ahead'], false])
  })

  test('a claim whose answer comes so late is given back, not begun, and made anew', async () => {
    const world = await kit.world()
    const { spy, clock } = world
    const queue = world.queue({ clock, lease: LEASE })
    await queue.publish('a')
    const gate = spy.hold('step')
    const stage = world.stage()
    queue.process(stage.handler)
    await spy.until(() => gate.waiting >= 1)
    clock.pass(LAPSE)
    gate.opened.open()
    const job = await stage.begins(1)
    expect(spy.settled).toEqual(['a release 1'])
    expect([job.attempt, job.jams, job.signal.aborted, stage.ids]).toEqual([1, 0, false, ['a']])
  })

  test('a step that has no answer for half a lease is told as STALLED, once, until answers come again', async () => {
    const world = await kit.world()
    const { spy } = world
    const { errors } = await running(world)
    const gate = spy.hold('step')
    await world.pass(LEASE / 3)
    await spy.until(() => gate.waiting >= 1)
    await world.pass(LEASE / 3)
    expect(errors).toEqual([])
    // Sent at one third, 10 s; half a lease old when the lapse of the lease is looked at, at 27 s.
    await world.pass(LEASE / 3)
    expect(codes(errors)).toEqual(['STALLED'])
    expect(errors[0]?.message).toMatch(/step \d+ has had no answer for 17 s/)
    await world.pass(LEASE)
    expect(codes(errors)).toEqual(['STALLED'])
    gate.opened.open()
    await spy.until(() => spy.renewed.length >= 1)
    const again = spy.hold('step')
    await world.pass(LEASE / 3)
    await spy.until(() => again.waiting >= 1)
    await world.pass(LEASE)
    expect(codes(errors)).toEqual(['STALLED', 'STALLED'])
    again.opened.open()
  })
})
