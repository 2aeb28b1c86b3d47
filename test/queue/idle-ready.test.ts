import { expect, test } from 'vitest'
import { createQueue } from '../../src/index.js'
import { onBothStores } from './kit.js'

onBothStores((kit) => {
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
    expect(await Promise.all([queue.ready(), queue.ready({ timeout: 'PT5S' }), queue.ready()])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect((await world.queue().publish('a')).outcome).toBe('queued')
  })

  test('another process with other shared options is told so, once; the same options tell nothing', async () => {
    const world = await kit.world()
    const events: string[] = []
    const process = async (name: string, options: object): Promise<void> => {
      const queue = world.queue(options)
      queue.on('optionsDiffer', () => events.push(name))
      await queue.ready()
      await queue.publish('a')
      await queue.sweep()
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
