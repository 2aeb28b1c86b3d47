import { expect, test } from 'vitest'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
  test('clear takes out all that waits and all failures; what runs goes on', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('delayed')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: 2 })
    await queue.publishMany(['fails', 'runs'])
    await stage.begins(2)
    stage.end('fails', () => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.publish('runs too')
    await stage.begins(3)
    await queue.publishMany(['waits', 'waits too', 'withdrawn'])
    await queue.withdraw('withdrawn')
    expect(await queue.clear()).toBe(4)
    expect(await queue.stats()).toMatchObject({
      queued: 0,
      delayed: 0,
      failed: 0,
      processing: 2,
      committed: 2,
      totals: { withdrawn: 5 },
    })
    const ids = ['delayed', 'fails', 'runs', 'waits', 'withdrawn']
    expect((await queue.inspectMany(ids)).map(({ state }) => state)).toEqual([
      'absent',
      'absent',
      'processing',
      'absent',
      'absent',
    ])
    expect(await queue.publish('runs')).toMatchObject({ outcome: 'duplicate', was: 'processing' })
    expect(await queue.publish('fails')).toMatchObject({ outcome: 'queued', was: 'absent' })
    expect(await queue.inspect('fails')).toMatchObject({ failures: 0 })
    for (const id of ['runs', 'runs too']) stage.end(id)
    expect((await stage.begins(4)).id).toBe('fails')
    stage.open()
    await queue.idle()
    expect((await queue.stats()).totals).toMatchObject({ done: 3, lost: 0 })
    expect(await queue.clear()).toBe(0)
  })

  test('the line goes on after a clear as if it were new', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b', 'c'])
    await queue.withdraw('b')
    await queue.clear()
    await world.serverPasses(10_000)
    await queue.publishMany(['b', 'a'])
    expect((await queue.list('queued')).ids).toEqual(['b', 'a'])
    expect((await queue.stats()).oldestWaiting).toBe(0)
    const stage = world.stage()
    stage.open()
    queue.process(stage.handler)
    await queue.idle()
    expect(stage.ids).toEqual(['b', 'a'])
  })
})
