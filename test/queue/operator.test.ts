import { expect, test } from 'vitest'
import { onBothStores, type World } from './kit.js'

const sorted = (ids: Iterable<string>) => [...ids].toSorted()

/** So many failed IDs `f0` …, with a payload and a priority. */
async function failed(world: World, count: number): Promise<string[]> {
  const queue = world.queueFor<number>()
  const ids = Array.from({ length: count }, (_, i) => `f${i}`)
  await queue.publishMany(ids.map((id, i) => ({ id, payload: i, ...(i % 2 ? { priority: 3 } : {}) })))
  await world.die({ claim: 1_000 })
  for (let rest = count - 1_000; rest > 0; rest -= 1_000) await world.die({ claim: 1_000 })
  await world.lapse({ maxJams: 0, keepFailed: 10_000, limit: 1_000 })
  for (let more = count; more > 1_000; more -= 1_000)
    await world.lapse({ maxJams: 0, keepFailed: 10_000, limit: 1_000 })
  expect((await queue.stats()).failed).toBe(count)
  return ids
}

onBothStores((kit) => {
  test('retry puts failed IDs in line, attempts from zero, with what they were published with', async () => {
    const world = await kit.world()
    await failed(world, 2)
    const queue = world.queueFor<number>()
    await queue.publishMany([
      { id: 'queued', payload: 7 },
      { id: 'delayed', payload: 8, delay: 5_000 },
    ])
    expect(await queue.retry(['f0', 'f1', 'queued', 'delayed', 'absent'])).toEqual([
      { id: 'f0', was: 'failed' },
      { id: 'f1', was: 'failed' },
      { id: 'queued', was: 'queued' },
      { id: 'delayed', was: 'delayed' },
      { id: 'absent', was: 'absent' },
    ])
    expect((await queue.list('queued')).ids).toEqual(['f1', 'queued', 'f0'])
    expect(await queue.inspect('f1')).toMatchObject({ attempt: 1, jams: 0, failures: 1, payload: 1, priority: 3 })
    expect(await queue.retry('f0')).toEqual([{ id: 'f0', was: 'queued' }])
    expect((await queue.inspect('delayed')).state).toBe('delayed')
  })

  test('promote puts delayed IDs in line now, and leaves others where they are', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany([{ id: 'a', delay: 'PT1H' }, { id: 'b', delay: 'PT1H', priority: 'high' }, 'c'])
    expect(await queue.promote(['a', 'b', 'c', 'x'])).toEqual([
      { id: 'a', was: 'delayed' },
      { id: 'b', was: 'delayed' },
      { id: 'c', was: 'queued' },
      { id: 'x', was: 'absent' },
    ])
    expect((await queue.list('queued')).ids).toEqual(['b', 'c', 'a'])
    const ran: string[] = []
    queue.process(({ id }) => void ran.push(id))
    await queue.idle()
    expect(ran).toEqual(['b', 'c', 'a'])
  })

  test('all of a state at once: retried, promoted, withdrawn, and told how many', async () => {
    const world = await kit.world()
    const ids = await failed(world, 2_300)
    const queue = world.queue()
    expect(await queue.retry('all')).toBe(2_300)
    expect(await queue.stats()).toMatchObject({ queued: 2_300, failed: 0 })
    expect(sorted((await queue.list('queued', { limit: 1_000 })).ids).every((id) => ids.includes(id))).toBe(true)
    expect(await queue.retry('all')).toBe(0)
    const later = Array.from({ length: 2_100 }, (_, i) => ({ id: `d${i}`, delay: 60_000 + i }))
    await queue.publishMany(later)
    expect(await queue.promote('all')).toBe(2_100)
    expect(await queue.stats()).toMatchObject({ queued: 4_400, delayed: 0 })
    expect(await queue.withdraw({ state: 'queued' })).toBe(4_400)
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { withdrawn: 4_400 } })
    await queue.publishMany(later)
    expect(await queue.withdraw({ state: 'delayed' })).toBe(2_100)
    expect(await queue.withdraw({ state: 'delayed' })).toBe(0)
  })

  test('all that runs may be withdrawn: each counts once, and its handler still ends', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 3 })
    await queue.publishMany(['a', 'b', 'c', 'd'])
    await stage.begins(3)
    expect(await queue.withdraw({ state: 'processing' })).toBe(3)
    expect((await queue.inspectMany(['a', 'd'])).map(({ state, claim }) => [state, claim?.withdrawn])).toEqual([
      ['processing', true],
      ['queued', undefined],
    ])
    stage.open()
    await queue.idle()
    expect((await queue.stats()).totals).toMatchObject({ withdrawn: 3, done: 1 })
  })

  test('all that waits can be withdrawn while a worker takes from the line: each ID runs or is withdrawn', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(3_000).keys())
    queue.process(() => {}, { concurrency: 50 })
    const withdrawn = await queue.withdraw({ state: 'queued' })
    await queue.idle()
    const { totals } = await queue.stats()
    expect(totals).toMatchObject({ entered: 3_000, left: 3_000, done: 3_000 - totals.withdrawn })
    expect(withdrawn).toBe(totals.withdrawn)
  })

  test('all of a state is given with nothing else: an option that there is not takes nothing out', async () => {
    const queue = (await kit.world()).queue()
    await queue.publishMany(['a', 'b'])
    const some = queue.withdraw({ state: 'queued', limit: 1 } as never)
    await expect(some).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/withdraw:.*'limit'/),
    })
    expect((await queue.stats()).queued).toBe(2)
  })

  test('an ID named all is one among others', async () => {
    const queue = (await kit.world()).queue()
    await queue.publish('all', { delay: 5_000 })
    expect(await queue.promote(['all'])).toEqual([{ id: 'all', was: 'delayed' }])
    await expect(queue.withdraw({ state: 'done' } as never)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(queue.retry(undefined as never)).rejects.toMatchObject({ code: 'BAD_ID' })
    await expect(queue.promote({} as never)).rejects.toMatchObject({ code: 'BAD_ID' })
  })

  test('pause holds every worker of the queue, everywhere; resume lets them go on', async () => {
    const world = await kit.world()
    const [one, other] = [world.queue(), world.queue()]
    const stage = world.stage()
    other.process(stage.handler, { concurrency: 5 })
    await one.publish('runs')
    await stage.begins(1)
    await one.pause()
    await one.pause()
    expect(await other.stats()).toMatchObject({ paused: true, processing: 1 })
    expect(await one.publish('waits')).toMatchObject({ outcome: 'queued' })
    await one.publish('later', { delay: 1 })
    await world.serverPasses(1)
    stage.end('runs')
    await world.spy.until(() => world.spy.settled.length >= 1)
    await world.spy.until(() => world.spy.of('step').filter(({ request }) => request.claim > 0).length >= 3)
    expect(stage.ids).toEqual(['runs'])
    expect((await other.stats()).queued + (await other.stats()).delayed).toBe(2)
    await other.resume()
    expect(await one.stats()).toMatchObject({ paused: false })
    await stage.begins(3)
    expect(sorted(stage.ids)).toEqual(['later', 'runs', 'waits'])
    stage.open()
    await one.idle()
  })

  test('the line of the log tells that a queue is paused', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.pause()
    const line = await new Promise<string>((resolve) => {
      queue.logStats({ logger: { info: (_fields, text) => resolve(text) } })
    })
    expect(line).toMatch(/^trucks \(paused\): 0 queued/)
  })

  test('result and logOf tell what is kept of the last run; what is not kept is not found', async () => {
    const world = await kit.world()
    const queue = world.queueFor<string, unknown>({ keepResult: 'PT1M', dedupe: { remember: 'PT1M' } })
    const results: Record<string, unknown> = { none: undefined, null: null, zero: 0, empty: '', object: { a: [1] } }
    await queue.publishMany(Object.keys(results).map((id) => ({ id, payload: id })))
    queue.process(async (job) => {
      await job.log(`${job.id} begins`)
      await job.log('and ends')
      return results[job.payload]
    })
    await queue.idle()
    for (const [id, value] of Object.entries(results)) {
      expect(await queue.result(id)).toEqual({ found: true, value })
      expect(await queue.logOf(id)).toEqual([`${id} begins`, 'and ends'])
      const verdict = await queue.publish(id, { payload: '' })
      expect(verdict).toEqual({ id, outcome: 'duplicate', was: 'remembered', guaranteed: false, result: value })
      expect('result' in verdict).toBe(true)
      const rememberedUntil = new Date(world.now + 60_000)
      expect(await queue.inspect(id)).toMatchObject({ state: 'remembered', rememberedUntil })
    }
    expect(await queue.stats()).toMatchObject({ remembered: 5, committed: 0 })
    expect(await queue.withdraw('null')).toEqual([{ id: 'null', was: 'remembered' }])
    expect(await queue.result('null')).toEqual({ found: false })
    await world.serverPasses(60_001)
    expect(await queue.result('zero')).toEqual({ found: false })
    expect(await queue.inspect('zero')).toMatchObject({ state: 'absent' })
    expect(await queue.publish('zero', { payload: '' })).toMatchObject({ outcome: 'queued', was: 'absent' })
    expect(await queue.result('nobody')).toEqual({ found: false })
    expect(await queue.logOf('nobody')).toEqual([])
  })
})
