import { expect, test } from 'vitest'
import { onBothStores, onRedis } from './kit.js'

const COUNTED = { entered: 0, left: 0, published: 0, duplicates: 0, done: 0, failed: 0, jammed: 0, lost: 0 }
const ZERO = { ...COUNTED, withdrawn: 0, retried: 0 }

onBothStores((kit) => {
  test('the numbers of a queue nobody has used are all there, and zero', async () => {
    const world = await kit.world()
    expect(await world.queue().stats()).toEqual({
      queued: 0,
      delayed: 0,
      processing: 0,
      failed: 0,
      committed: 0,
      remembered: 0,
      paused: false,
      totals: ZERO,
      oldestRunning: null,
      oldestRunningApproximate: false,
      oldestWaiting: null,
    })
  })

  test('each ID is counted in the state it is in, and committed is their sum', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('delayed')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 3 })
    await queue.publishMany(['done', 'failed', 'running'])
    await stage.begins(3)
    stage.end('done')
    stage.end('failed', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 2)
    await queue.publishMany(['running', 'more', 'and more', 'waits', 'waits'])
    await stage.begins(5)
    expect(await queue.stats()).toMatchObject({ queued: 1, delayed: 1, processing: 3, failed: 1, committed: 5 })
    expect((await queue.stats()).totals).toEqual({
      ...ZERO,
      entered: 7,
      left: 2,
      published: 9,
      duplicates: 2,
      done: 1,
      failed: 1,
      jammed: 2,
    })
  })

  test('entered minus left is committed, and published minus duplicates is entered, whatever happens', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepFailed: 5 })
    let run = 0
    queue.process(
      async () => {
        if (++run % 3 === 0) throw new Error('every third')
      },
      { concurrency: 7, prefetch: 3 },
    )
    for (let round = 1; round <= 20; round++) {
      await queue.publishMany(Array.from({ length: 30 }, (_, i) => (i * round) % 50))
      if (round % 5 === 0) await queue.withdraw([1, 2, 3, 40])
      const { totals, committed, queued, delayed, processing } = await queue.stats()
      expect(totals.entered - totals.left).toBe(committed)
      expect(queued + delayed + processing).toBe(committed)
    }
    await queue.idle()
    const { totals, committed, failed } = await queue.stats()
    expect([committed, totals.entered, totals.published]).toEqual([0, totals.left, 600])
    expect(failed).toBeLessThanOrEqual(5)
    expect(totals.done + totals.failed).toBeLessThanOrEqual(run)
  })

  test('the age of the oldest running job is that of the claim which began first', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publish('old')
    await stage.begins(1)
    await world.serverPasses(7_000)
    await queue.publish('young')
    await stage.begins(2)
    await world.serverPasses(500)
    expect(await queue.stats()).toMatchObject({
      oldestRunning: 7_500,
      oldestRunningApproximate: false,
      oldestWaiting: null,
    })
    stage.end('old')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect((await queue.stats()).oldestRunning).toBe(500)
    stage.end('young')
    await world.spy.until(() => world.spy.settled.length >= 2)
    expect((await queue.stats()).oldestRunning).toBe(null)
  })

  test('a job that was only claimed ahead does not run, and has no age', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('ahead')
    await world.die({ claim: 1, started: 0 })
    await world.serverPasses(5_000)
    expect(await queue.stats()).toMatchObject({ processing: 1, oldestRunning: null })
  })

  test('beyond a thousand running jobs their oldest age is marked approximate', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(1_001).keys())
    await world.die({ claim: 1_000 })
    expect(await queue.stats()).toMatchObject({ processing: 1_000, oldestRunningApproximate: false })
    await world.die({ claim: 1 })
    await world.serverPasses(1_000)
    expect(await queue.stats()).toMatchObject({
      processing: 1_001,
      oldestRunningApproximate: true,
      oldestRunning: 1_000,
    })
  })

  test('the age of the oldest waiting ID is right within a second, while the line moves on', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const publishedAt: number[] = []
    for (let i = 0; i < 40; i++) {
      publishedAt.push(world.now)
      await queue.publish(i)
      await world.serverPasses(300)
    }
    for (let head = 0; head < 40; head++) {
      const age = (await queue.stats()).oldestWaiting ?? Number.NaN
      const really = world.now - (publishedAt[head] ?? 0)
      expect(age - really).toBeGreaterThanOrEqual(0)
      expect(age - really).toBeLessThan(1_000)
      expect(await world.die()).toEqual([`${head}`])
      await world.serverPasses(70)
    }
    expect((await queue.stats()).oldestWaiting).toBe(null)
    await world.serverPasses(5_000)
    await queue.publish('fresh')
    expect((await queue.stats()).oldestWaiting).toBe(0)
  })

  test('the oldest waiting ID keeps its age when one that ran goes back to the head', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    await world.serverPasses(2_000)
    await queue.publish('b')
    const worker = queue.process(() => new Promise(() => {}), { abortGrace: 0 })
    await world.spy.until(() => world.spy.claimed.length >= 1)
    expect((await queue.stats()).oldestWaiting).toBe(0)
    await worker.close({ timeout: 0 })
    await world.serverPasses(1_000)
    const age = (await queue.stats()).oldestWaiting ?? Number.NaN
    expect(age).toBeGreaterThanOrEqual(2_000)
    expect(age).toBeLessThanOrEqual(4_000)
  })

  test('stats is one call of the store, however much the queue holds', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(20_000).keys())
    expect(await queue.stats()).toMatchObject({ queued: 20_000, committed: 20_000 })
  })
})

onRedis('on Redis, by its own counters', (kit) => {
  test('stats is one script of a few commands, however much the queue holds', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.ready()
    /** Commands run since the last look, those within scripts too. */
    const spent = async (): Promise<Map<string, number>> => {
      const info = await kit.server().cli('INFO', 'commandstats')
      await kit.server().cli('CONFIG', 'RESETSTAT')
      return new Map(
        [...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, calls]) => [name ?? '', Number(calls)]),
      )
    }
    await queue.stats()
    for (const size of [1_000, 50_000]) {
      await queue.publishMany(Array(size).keys())
      if (size === 1_000) await world.die({ claim: 500 })
      await spent()
      await queue.stats()
      const calls = await spent()
      expect([calls.get('evalsha_ro'), calls.get('smembers'), calls.get('lrange')]).toEqual([1, undefined, undefined])
      expect([...calls.values()].reduce((sum, one) => sum + one)).toBeLessThan(20)
    }
  })
})
