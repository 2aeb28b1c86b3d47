import { expect, test } from 'vitest'
import type { Queue } from '../../src/index.js'
import { onBothStores } from './kit.js'

/** All pages, one after another. */
async function pages(
  queue: Queue,
  state: 'queued' | 'delayed' | 'processing' | 'failed',
  limit: number,
): Promise<(readonly string[])[]> {
  const all: (readonly string[])[] = []
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page: { ids: readonly string[]; cursor: number | null } = await queue.list(state, { cursor, limit })
    all.push(page.ids)
    cursor = page.cursor
  }
  return all
}

onBothStores((kit) => {
  test('inspect tells where an ID is, from absent to processing', async () => {
    const world = await kit.world()
    const queue = world.queue({ lease: 60_000 })
    const fresh = { attempt: 1, jams: 0, failures: 0 }
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'absent', ...fresh })
    await queue.publish('a')
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'queued', ...fresh })
    const stage = world.stage()
    const worker = queue.process(stage.handler)
    const job = await stage.begins(1)
    expect(await queue.inspect('a')).toEqual({
      id: 'a',
      state: 'processing',
      ...fresh,
      claim: {
        worker: worker.name,
        epoch: job.epoch,
        startedAt: new Date(world.now),
        leaseEnd: new Date(world.now + 60_000),
        ahead: false,
        withdrawn: false,
        owed: false,
      },
    })
  })

  test('inspect tells when a delayed ID is due', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    for (let jam = 1; jam <= 2; jam++) {
      await world.die()
      await world.lapse()
    }
    expect(await queue.inspect('a')).toEqual({
      id: 'a',
      state: 'delayed',
      attempt: 1,
      jams: 2,
      failures: 0,
      dueAt: new Date(world.now + 60_000),
    })
  })

  test('inspectMany answers in the order asked, repeats included, for thousands too', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(2_500).keys())
    const asked = ['x', 7, '7', ...Array(3_000).keys()]
    const infos = await queue.inspectMany(asked)
    expect(infos.map(({ id }) => id)).toEqual(asked.map(String))
    expect(infos.filter(({ state }) => state === 'queued')).toHaveLength(2_502)
    expect(await queue.inspectMany([])).toEqual([])
  })

  test('looking changes nothing', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(['a', 'b'])
    const before = await queue.stats()
    await queue.inspectMany(['a', 'nobody'])
    await queue.list('failed')
    await queue.list('queued')
    expect(await queue.stats()).toEqual(before)
  })

  test('list gives the IDs of one state by pages', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const ids = Array.from({ length: 25 }, (_, i) => `${i}`)
    expect(await queue.list('queued')).toEqual({ ids: [], cursor: null })
    await queue.publishMany(ids)
    expect(await queue.list('queued')).toEqual({ ids, cursor: null })
    expect(await pages(queue, 'queued', 10)).toEqual([ids.slice(0, 10), ids.slice(10, 20), ids.slice(20)])
    expect(await pages(queue, 'queued', 25)).toEqual([ids])
    expect(await pages(queue, 'queued', 1)).toEqual(ids.map((id) => [id]))
    await world.die({ claim: 15 })
    expect((await pages(queue, 'processing', 4)).flat().toSorted()).toEqual(ids.slice(0, 15).toSorted())
    expect((await pages(queue, 'queued', 4)).flat()).toEqual(ids.slice(15))
    await world.lapse({ maxJams: 0, keepFailed: 100 })
    expect((await pages(queue, 'failed', 4)).flat().toSorted()).toEqual(ids.slice(0, 15).toSorted())
    expect(await queue.list('delayed')).toEqual({ ids: [], cursor: null })
  })

  test('a page without a limit has a hundred, and the withdrawn are not in it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(Array(250).keys())
    await queue.withdraw([3, 4])
    const first = await queue.list('queued')
    expect([first.ids.length, first.cursor]).toEqual([98, 100])
    expect((await pages(queue, 'queued', 100)).flat()).toHaveLength(248)
    expect((await pages(queue, 'queued', 1_000)).flat()).toHaveLength(248)
  })
})
