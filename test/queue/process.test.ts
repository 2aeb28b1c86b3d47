import { expect, test, vi } from 'vitest'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
  test('a worker takes what waits when it starts, and what comes while it is idle', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('before')
    const stage = world.stage()
    stage.open()
    const worker = queue.process(stage.handler)
    await stage.begins(1)
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.publish('after')
    await stage.begins(2)
    await world.queue().publish('from another process')
    await stage.begins(3)
    await world.spy.until(() => world.spy.settled.length >= 3)
    expect(stage.ids).toEqual(['before', 'after', 'from another process'])
    expect(worker.name).toMatch(/^[a-z0-9]{1,32}$/)
  })

  test('jobs run in the order they were published, and the ID is free again after each', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const ids = Array.from({ length: 250 }, (_, i) => `${i}`)
    await queue.publishMany(ids)
    const stage = world.stage()
    stage.open()
    queue.process(stage.handler)
    await world.spy.until(() => world.spy.settled.length >= 250)
    expect(stage.ids).toEqual(ids)
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { entered: 250, left: 250, done: 250, lost: 0 } })
  })

  test('a job knows its ID, its attempt, and an epoch that rises with each claim', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    stage.open()
    queue.process(stage.handler)
    for (let run = 1; run <= 3; run++) {
      await queue.publish('a')
      await world.spy.until(() => world.spy.settled.length >= run)
    }
    const epochs = stage.begun.map(({ epoch }) => epoch)
    expect(
      epochs.every((epoch, i) => Number.isSafeInteger(epoch) && (i === 0 || epoch > (epochs[i - 1] as number))),
    ).toBe(true)
    expect(stage.begun.map(({ id, attempt, jams }) => [id, attempt, jams])).toEqual(Array(3).fill(['a', 1, 0]))
  })

  test.each([1, 3, 50])('with concurrency %d that many are claimed and run, the others wait', async (concurrency) => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(60).keys())
    const stage = world.stage()
    const worker = queue.process(stage.handler, { concurrency })
    await stage.begins(concurrency)
    expect(await queue.stats()).toMatchObject({ processing: concurrency, queued: 60 - concurrency })
    expect([stage.running.length, worker.running]).toEqual([concurrency, concurrency])
    stage.end('0')
    await stage.begins(concurrency + 1)
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= 60)
    expect(stage.most).toBe(concurrency)
  })

  test('where there is much room it is claimed in two steps, both on their way at once, and no more than there is room for', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(200).keys())
    const stage = world.stage()
    const steps = world.spy.hold('step')
    queue.process(stage.handler, { concurrency: 10, prefetch: 51 })
    await world.spy.until(() => steps.waiting === 2)
    steps.opened.open()
    await world.spy.until(() => world.spy.claimed.length >= 61)
    expect(world.spy.of('step').map(({ request: { claim, slots } }) => [claim, slots])).toEqual([
      [31, 10],
      [30, 0],
    ])
    expect(await queue.stats()).toMatchObject({ processing: 61, queued: 139 })
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= 200)
    expect(stage.most).toBe(10)
    expect(stage.ids.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`))
  })

  test('large steps go out in turns of their own, though two are answered in one: the server is to answer the next ones apart', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(2_000).keys())
    const first = world.spy.hold('step')
    queue.process(async () => {}, { concurrency: 100, prefetch: 1_000 })
    await world.spy.until(() => first.waiting === 2)
    const next = world.spy.hold('step')
    first.opened.open()
    await world.spy.until(() => next.waiting === 1)
    // All that follows in this turn: handlers end, and what they leave is due.
    for (let tick = 0; tick < 100; tick++) await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(next.waiting).toBe(1)
    await world.spy.until(() => next.waiting === 2)
    next.opened.open()
    await world.spy.until(() => world.spy.settled.length >= 2_000)
    const sizes = world.spy
      .of('step')
      .map(({ request: { claim, settle } }) => [claim, ...settle.map(({ ids }) => ids.length)])
    expect(Math.max(...sizes.flat())).toBe(400)
  })

  test('prefetch claims that many ahead and no more; they start first, without a claim of their own', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(10).keys())
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2, prefetch: 3 })
    await stage.begins(2)
    expect(await queue.stats()).toMatchObject({ processing: 5, queued: 5 })
    const ahead = async () => (await queue.inspectMany([0, 1, 2, 3, 4])).map(({ claim }) => claim?.ahead)
    expect(await ahead()).toEqual([false, false, true, true, true])
    stage.end('1')
    expect((await stage.begins(3)).id).toBe('2')
    await world.spy.until(
      () => world.spy.of('step').some(({ request }) => request.started.length > 0) && world.spy.claimed.length >= 6,
    )
    expect(await ahead()).toEqual([false, undefined, false, true, true])
    expect((await queue.inspect(5)).claim?.ahead).toBe(true)
    expect(await queue.stats()).toMatchObject({ processing: 5, queued: 4 })
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= 10)
    expect(stage.most).toBe(2)
    expect(stage.ids.toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
  })

  test('concurrency may be raised and lowered at run time', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(20).keys())
    const stage = world.stage()
    const worker = queue.process(stage.handler, { concurrency: 1 })
    await stage.begins(1)
    worker.concurrency = 4
    await stage.begins(4)
    expect([stage.running, worker.concurrency]).toEqual([['0', '1', '2', '3'], 4])
    worker.concurrency = 2
    stage.end('0')
    stage.end('1')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect([stage.begun.length, (await queue.stats()).processing]).toEqual([4, 2])
    stage.end('2')
    await stage.begins(5)
    expect(stage.running).toEqual(['3', '4'])
    for (const bad of [0, -1, 1.5, Number.NaN, '10' as never, 1e9]) {
      expect(() => (worker.concurrency = bad), String(bad)).toThrowError(
        expect.objectContaining({ code: 'BAD_OPTION' }),
      )
    }
    expect(worker.concurrency).toBe(2)
  })

  test('what was claimed ahead waits as well until concurrency allows it, and starts at once when it is raised', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(6).keys())
    const stage = world.stage()
    const worker = queue.process(stage.handler, { concurrency: 3, prefetch: 3 })
    await stage.begins(3)
    worker.concurrency = 1
    stage.end('0')
    stage.end('1')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect([stage.running, worker.running]).toEqual([['2'], 1])
    stage.end('2')
    await stage.begins(4)
    expect(stage.running).toEqual(['3'])
    worker.concurrency = 2
    await stage.begins(5)
    expect(stage.running).toEqual(['3', '4'])
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= 6)
    expect(stage.most).toBe(3)
  })

  test('a paused worker claims nothing more, while what it has goes on; resumed it takes up the line', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b'])
    const stage = world.stage()
    const worker = queue.process(stage.handler)
    await stage.begins(1)
    worker.pause()
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(await queue.inspectMany(['a', 'b'])).toMatchObject([{ state: 'absent' }, { state: 'queued' }])
    expect(world.spy.of('step').at(-1)?.request.claim).toBe(0)
    worker.resume()
    expect((await stage.begins(2)).id).toBe('b')
  })

  test('a worker paused while idle does not take what is published; another does', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const [paused, awake] = [world.stage(), world.stage()]
    const worker = queue.process(paused.handler)
    await world.spy.until(() => world.spy.of('step').length >= 1)
    worker.pause()
    queue.process(awake.handler, { concurrency: 2 })
    await queue.publishMany(['a', 'b'])
    await awake.begins(2)
    expect(paused.ids).toEqual([])
    worker.resume()
    await queue.publish('c')
    await paused.begins(1)
  })

  test('several workers of one process and of others share the line, each ID to one of them', async () => {
    const world = await kit.world()
    const queues = [world.queue(), world.queue()]
    const stages = Array.from({ length: 4 }, () => world.stage())
    for (const [i, stage] of stages.entries()) queues[i % 2]?.process(stage.handler, { concurrency: 5 })
    await queues[0]?.publishMany(Array(400).keys())
    await Promise.all(stages.map((stage) => stage.begins(5)))
    for (const stage of stages) stage.open()
    await world.spy.until(() => world.spy.settled.length >= 400)
    const ids = stages.flatMap((stage) => stage.ids)
    expect([ids.length, new Set(ids).size]).toEqual([400, 400])
    expect(Math.max(...stages.map((stage) => stage.most))).toBe(5)
    expect((await world.queue().stats()).totals).toMatchObject({ done: 400, lost: 0 })
  })

  test('an ID published by its own handler is a duplicate, and can be published again once it is done', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const outcomes: string[] = []
    const ran: string[] = []
    queue.process(async ({ id }) => {
      ran.push(id)
      const { outcome, guaranteed } = await queue.publish(id)
      outcomes.push(`${outcome} ${guaranteed}`)
      if (ran.length === 1) await queue.publish('follow-up')
    })
    await queue.publish('a')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect([ran, outcomes]).toEqual([
      ['a', 'follow-up'],
      ['duplicate false', 'duplicate false'],
    ])
  })

  test('no signal is made for a handler that does not ask for it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(300).keys())
    let made = 0
    const Real = AbortController
    vi.stubGlobal(
      'AbortController',
      class extends Real {
        constructor() {
          super()
          made++
        }
      },
    )
    try {
      queue.process((job) => void (job.id === '7' && expect(job.signal.aborted).toBe(false)), { concurrency: 50 })
      await world.spy.until(() => world.spy.settled.length >= 300)
    } finally {
      vi.unstubAllGlobals()
    }
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(20)
    expect((await queue.stats()).failed).toBe(0)
  })
})
