import { expect, test } from 'vitest'
import type { QueueOptions } from '../../src/index.js'
import { type Kit, onBothStores, onRedis, type World } from '../queue/kit.js'
import { audit, kinds } from './rich.js'

const HOUR = 3_600_000

/** A queue of such options, with a line at which one works for long. */
async function busy(kit: Kit, options: QueueOptions, concurrency: number) {
  const world = await kit.world()
  const queue = world.queue(options)
  const stage = world.stage()
  queue.process(stage.handler, { concurrency, lease: 10 * HOUR })
  await queue.publishMany(['a', 'b', 'c', 'd'])
  await stage.begins(concurrency)
  return { world, queue, stage }
}

/** What an audit tells, while the server's time goes on. */
async function audited(world: World, queue: Parameters<typeof audit>[0]): Promise<string[]> {
  const asking = setInterval(() => void world.serverPasses(1_000), 20)
  try {
    return kinds(await audit(queue))
  } finally {
    clearInterval(asking)
  }
}

onBothStores((kit) => {
  test.each([
    ['so many may be active', { limit: { active: 2 } }, 2],
    ['its order is strict', { ordered: true }, 1],
    ['a window of its rate is spent', { limit: { rate: { max: 2, per: HOUR } } }, 2],
  ])('a line that stands still because %s misses no token', async (_, options, running) => {
    const { world, queue, stage } = await busy(kit, options, running)
    expect(await audited(world, queue)).toEqual([])
    expect(stage.ids).toHaveLength(running)
  })
})

onRedis('on Redis', (kit) => {
  test('nor does one whose window is over, while whoever spent it has its hands full', async () => {
    const { world, queue, stage } = await busy(kit, { limit: { rate: { max: 2, per: HOUR } } }, 2)
    await world.serverPasses(HOUR)
    // The key goes by itself, in the time of Redis, which no test can pass.
    await kit.read(world, 'DEL', 'rate')
    expect(await audited(world, queue)).toEqual([])
    expect(stage.ids).toHaveLength(2)
  })

  test('a token that was taken away is missed where one more may be active', async () => {
    const { world, queue } = await busy(kit, { limit: { active: 3 } }, 2)
    await kit.read(world, 'DEL', 'wake')
    expect(await audited(world, queue)).toEqual(['wake'])
  })
})
