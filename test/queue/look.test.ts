import { expect, test } from 'vitest'
import { createQueue, type Queue } from '../../src/index.js'
import { onBothStores } from './kit.js'

/** All pages, one after another. */
async function pages(queue: Queue, state: 'queued' | 'delayed' | 'processing' | 'failed', limit: number): Promise<(readonly string[])[]> {
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
    expect(await queue.inspect('a')).toEqual({ id: 'a', state: 'delayed', attempt: 1, jams: 2, failures: 0, dueAt: new Date(world.now + 60_000) })
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
    expect(await queue.stats()).toMatchObject({ queued: 0, delayed: 0, failed: 0, processing: 2, committed: 2, totals: { withdrawn: 5 } })
    const ids = ['delayed', 'fails', 'runs', 'waits', 'withdrawn']
    expect((await queue.inspectMany(ids)).map(({ state }) => state)).toEqual(['absent', 'absent', 'processing', 'absent', 'absent'])
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

  test('idle resolves once nothing is queued, delayed or running, whoever does the work', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.idle()
    await queue.publishMany(['a', 'b'])
    let isIdle = false
    const idle = queue.idle().then(() => {
      isIdle = true
    })
    const stage = world.stage()
    world.queue().process(stage.handler, { concurrency: 2 })
    await stage.begins(2)
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    await queue.stats()
    expect(isIdle).toBe(false)
    stage.end('b', () => Promise.reject(new Error('no')))
    await idle
    expect(await queue.stats()).toMatchObject({ committed: 0, failed: 1 })
  })

  test('idle is given up when its signal says so, at once', async () => {
    const world = await kit.world()
    const queue = world.queue({ clock: world.clock })
    await queue.publish('a')
    const controller = new AbortController()
    const waiting = queue.idle({ signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'ConvoyError', code: 'ABORTED' })
    await expect(queue.idle({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(world.clock.pending).toBe(0)
  })

  test('ready resolves with nothing, as often as it is asked, and a queue needs it not', async () => {
    const world = await kit.world()
    const queue = world.queue()
    expect(await Promise.all([queue.ready(), queue.ready({ timeout: 'PT5S' }), queue.ready()])).toEqual([undefined, undefined, undefined])
    expect((await world.queue().publish('a')).outcome).toBe('queued')
  })

  test('another process with other shared options is told so, once; the same options tell nothing', async () => {
    const world = await kit.world()
    const events: string[] = []
    const process = (name: string, options: object): Promise<void> => {
      const queue = world.queue(options)
      queue.on('optionsDiffer', () => events.push(name))
      return queue.ready()
    }
    await process('first', {})
    await process('same', { lease: 'PT30S', maxJams: 3 })
    await process('other', { lease: 10_000 })
    expect(events).toEqual(['other'])
  })

  test('a listener can be taken off again, and one that throws harms nobody', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const heard: string[] = []
    const off = queue.on('failed', () => heard.push('off'))
    queue.on('failed', (id) => heard.push(id))
    off()
    off()
    await queue.publish('a')
    queue.process(() => Promise.reject(new Error('no')))
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(heard).toEqual(['a'])
  })
})

test('memory: is one store for the process, shared by name; each memoryStore() is a world of its own', async () => {
  const name = `shared-${process.pid}`
  await using one = createQueue(name, { store: 'memory:' })
  await using two = createQueue(name, { store: 'memory:' })
  await using other = createQueue(`${name}-other`, { store: 'memory:' })
  await one.publish('a')
  expect((await two.inspect('a')).state).toBe('queued')
  expect((await other.inspect('a')).state).toBe('absent')
  await one.close()
  expect((await two.inspect('a')).state).toBe('queued')
})
