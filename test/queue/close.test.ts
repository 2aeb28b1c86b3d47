import { expect, test } from 'vitest'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
  test('close claims nothing more and lets running jobs end, however they end', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publishMany(['a', 'b', 'c'])
    await stage.begins(2)
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect([closed, stage.begun[1]?.signal.aborted]).toEqual([false, false])
    stage.end('b', () => Promise.reject(new Error('no')))
    await closing
    expect(world.spy.settled).toEqual(['a done 1', 'b fail 1'])
    const look = world.queue()
    expect((await look.inspectMany(['a', 'b', 'c'])).map(({ state }) => state)).toEqual(['absent', 'failed', 'queued'])
    expect(await look.stats()).toMatchObject({ processing: 0, queued: 1, totals: { done: 1, failed: 1, jammed: 0 } })
    expect(stage.ids).toEqual(['a', 'b'])
  })

  test('what is over time is aborted, given its grace, then released to the head with nothing counted', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const lost: string[] = []
    queue.on('lost', (id) => lost.push(id))
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 4, abortGrace: 5_000 })
    await queue.publishMany(['obeys', 'stops', 'finishes', 'deaf', 'waits'])
    const jobs = [await stage.begins(4), ...stage.begun].slice(1)
    const closing = queue.close({ timeout: 2_000 })
    await world.pass(1_999)
    expect(jobs.map(({ signal }) => signal.aborted)).toEqual([false, false, false, false])
    await world.pass(1)
    await turn()
    expect(jobs.map(({ signal }) => signal.reason)).toMatchObject(
      Array(4).fill({ name: 'ConvoyError', code: 'CLOSED' }),
    )
    stage.end('obeys', () => Promise.reject(jobs[0]?.signal.reason))
    stage.end('stops', () => Promise.reject(new Error('interrupted')))
    stage.end('finishes')
    await spy.until(() => spy.settled.length >= 3)
    await world.pass(5_000)
    await closing
    expect(spy.settled).toContain('finishes done 1')
    expect(spy.settled.filter((mark) => mark.includes('release')).toSorted()).toEqual([
      'deaf release 1',
      'obeys release 1',
      'stops release 1',
    ])
    const look = world.queue()
    const { ids } = await look.list('queued')
    expect([ids.slice(0, 3).toSorted(), ids.at(-1)]).toEqual([['deaf', 'obeys', 'stops'], 'waits'])
    expect(
      (await look.inspectMany(ids)).every(
        ({ jams, attempt, failures }) => jams === 0 && attempt === 1 && failures === 0,
      ),
    ).toBe(true)
    expect((await look.stats()).totals).toMatchObject({ done: 1, failed: 0, jammed: 0, lost: 0, left: 1 })
    expect(clock.pending).toBe(0)
    // The deaf one returns at last; nobody listens, and another worker may have it by then.
    stage.end('deaf')
    await turn()
    expect([lost, spy.settled.length]).toEqual([[], 4])
  })

  test('a long close goes on renewing what still runs', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock })
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('long')
    await stage.begins(1)
    const closing = queue.close({ timeout: 'PT5M' })
    for (let third = 1; third <= 6; third++) {
      await world.pass(10_000)
      await spy.until(() => spy.renewed.length >= third)
    }
    stage.end('long')
    await closing
    expect([spy.settled, clock.pending]).toEqual([['long done 1'], 0])
  })

  test('IDs claimed ahead go back to the head at once, in their order', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { prefetch: 3 })
    await queue.publishMany(['a', 'b', 'c', 'd', 'e'])
    await stage.begins(1)
    await world.spy.until(() => world.spy.claimed.length >= 4)
    const closing = queue.close()
    await world.spy.until(() => world.spy.settled.length >= 3)
    const look = world.queue()
    expect((await look.list('queued')).ids).toEqual(['b', 'c', 'd', 'e'])
    expect((await look.list('processing')).ids).toEqual(['a'])
    stage.end('a')
    await closing
    expect(stage.ids).toEqual(['a'])
    expect((await look.stats()).totals).toMatchObject({ done: 1, jammed: 0, lost: 0 })
  })

  test('what a claim brings that was on its way when close was called is released, not run', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b'])
    const gate = world.spy.hold('step')
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await world.spy.until(() => gate.waiting >= 1)
    const closing = queue.close()
    gate.opened.open()
    await closing
    expect(stage.ids).toEqual([])
    expect((await world.queue().list('queued')).ids).toEqual(['a', 'b'])
  })

  test('after close every call is refused as CLOSED, and closing again changes nothing', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    await Promise.all([queue.close(), queue.close({ timeout: 0 })])
    await queue.close()
    const closed = { name: 'ConvoyError', code: 'CLOSED' }
    const calls: Record<string, () => Promise<unknown>> = {
      publish: () => queue.publish('b'),
      publishMany: () => queue.publishMany(['b']),
      stats: () => queue.stats(),
      inspect: () => queue.inspect('a'),
      inspectMany: () => queue.inspectMany(['a']),
      list: () => queue.list('queued'),
      withdraw: () => queue.withdraw(['a']),
      clear: () => queue.clear(),
      sweep: () => queue.sweep(),
      idle: () => queue.idle(),
    }
    for (const [name, call] of Object.entries(calls)) await expect(call(), name).rejects.toMatchObject(closed)
    const starts: Record<string, () => unknown> = {
      process: () => queue.process(() => {}),
      jamGuard: () => queue.jamGuard(),
      logStats: () => queue.logStats(),
    }
    for (const [name, start] of Object.entries(starts))
      expect(start, name).toThrowError(expect.objectContaining(closed))
    expect((await world.queue().list('queued')).ids).toEqual(['a'])
  })

  test('a queue that was ready is so no more once it is closed', async () => {
    const queue = (await kit.world()).queue()
    await queue.ready()
    await queue.close()
    await expect(queue.ready()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('a queue that did nothing is refused too once it is closed, ready among the rest', async () => {
    const queue = (await kit.world()).queue()
    await queue.close()
    for (const call of [() => queue.ready(), () => queue.stats(), () => queue.publish('a')]) {
      await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
    }
  })

  test('await using closes the queue, its workers, guards and logs', async () => {
    const world = await kit.world()
    const stage = world.stage()
    stage.open()
    const lines: string[] = []
    {
      await using queue = world.queue({ clock: world.clock })
      queue.process(stage.handler, { jobTimeout: 60_000 })
      queue.jamGuard()
      queue.logStats({ logger: { info: (_, text) => lines.push(text) } })
      await queue.publish('a')
      await world.spy.until(() => world.spy.settled.length >= 1)
    }
    expect([stage.ids, world.clock.pending]).toEqual([['a'], 0])
    expect((await world.queue().stats()).totals).toMatchObject({ done: 1 })
  })

  test('a worker may be closed alone: the queue and its other workers go on', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const [gone, stays] = [world.stage(), world.stage()]
    stays.open()
    const worker = queue.process(gone.handler)
    await queue.publish('a')
    await gone.begins(1)
    const closing = worker.close()
    gone.end('a')
    await closing
    await worker.close()
    queue.process(stays.handler)
    await queue.publish('b')
    await stays.begins(1)
    expect([gone.ids, stays.ids]).toEqual([['a'], ['b']])
  })

  test('a handler may close the queue it runs in', async () => {
    const world = await kit.world()
    const queue = world.queue()
    let closing: Promise<void> | undefined
    const ran = new Promise<void>((resolve) => {
      queue.process(({ id }) => {
        if (id === 'last') closing = queue.close()
        resolve()
      })
    })
    await queue.publishMany(['last', 'waits'])
    await ran
    await closing
    expect(world.spy.settled).toContain('last done 1')
    expect((await world.queue().list('queued')).ids).toEqual(['waits'])
  })

  test('a released ID runs again elsewhere at once: its attempt and jams are what they were', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const [first, second] = [world.stage(), world.stage()]
    await queue.publish('a')
    await world.die()
    await world.lapse()
    queue.process(first.handler, { abortGrace: 0 })
    await first.begins(1)
    world.queue().process(second.handler)
    await queue.close({ timeout: 0 })
    expect(await second.begins(1)).toMatchObject({ id: 'a', attempt: 1, jams: 1 })
  })
})

/** Lets what is settled within this process be heard. */
function turn(): Promise<void> {
  return new Promise((next) => setImmediate(next))
}
