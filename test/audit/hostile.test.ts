import { expect, test } from 'vitest'
import { onBothStores, onRedis } from '../queue/kit.js'
import { HOSTILE } from '../support/hostile.js'
import { audit, drain, kinds } from './rich.js'

const HOUR = 3_600_000
const part = (rest: number): string[] => HOSTILE.filter((_, place) => place % 5 === rest)
const WAITING = [0, 1, 2].flatMap(part)

onBothStores((kit) => {
  test('an audit finds nothing wrong with odd IDs in every state, and its repair changes none of them', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: HOUR, dedupe: { remember: HOUR } })
    queue.process(
      async (job) => {
        await job.log(job.id)
        if (part(3).includes(job.id)) throw new Error(job.id)
        return job.id
      },
      { concurrency: HOSTILE.length },
    )
    await queue.publishMany([...part(3), ...part(4)])
    await world.spy.until(() => world.spy.settled.length >= part(3).length + part(4).length)
    await queue.pause()
    await queue.publishMany(part(0))
    await queue.publishMany(part(1).map((id) => ({ id, delay: HOUR })))
    await queue.publishMany(part(2).map((id) => ({ id, priority: 5 })))
    const before = await queue.inspectMany(HOSTILE)
    const states = ['queued', 'delayed', 'queued', 'failed', 'remembered']
    expect(before.map(({ state }) => state)).toEqual(HOSTILE.map((_, place) => states[place % 5]))
    expect(await audit(queue, { repair: true })).toMatchObject({ clean: true, findings: [] })
    expect(await queue.inspectMany(HOSTILE)).toEqual(before)
    expect(await queue.result(part(4)[0] as string)).toEqual({ found: true, value: part(4)[0] })
  })
})

onRedis('odd IDs in a queue edited by hand', (kit) => {
  test.each([
    ['are not committed', 'SREM', 'committed', 0, ['totals', 'uncommitted']],
    ['are taken out of the line', 'LREM', 'queued', 0, ['marks', 'nowhere']],
    ['come twice', 'RPUSH', 'queued', 0, ['twice']],
    ['have no due time', 'ZREM', 'delayed', 1, ['nowhere']],
    ['have no place', 'ZREM', 'prioritized', 2, ['nowhere']],
    ['have no priority', 'HDEL', 'priority', 2, ['unranked']],
  ] as const)('those that %s are named, and mended each by itself', async (_, command, key, rest, found) => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publishMany(part(0))
    await queue.publishMany(part(1).map((id) => ({ id, delay: HOUR })))
    await queue.publishMany(part(2).map((id) => ({ id, priority: 5 })))
    const ids = part(rest)
    if (command === 'LREM') for (const id of ids) await kit.read(world, command, key, '0', id)
    else await kit.read(world, command, key, ...ids)
    const report = await audit(queue, { sample: 1_000 })
    expect(kinds(report)).toEqual(found)
    expect(report.findings.find(({ kind }) => kind === found.at(-1))?.ids.toSorted()).toEqual(ids.toSorted())
    const { findings } = await audit(queue, { repair: true })
    expect(findings.filter(({ count, mended }) => mended < count)).toEqual([])
    expect(await audit(queue)).toMatchObject({ clean: true, findings: [] })
    await world.serverPasses(HOUR)
    expect(await drain(world)).toEqual(WAITING.toSorted())
  })

  test('an ID that reads like the place of another is mended beside it', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('runs')
    await world.die()
    // Its entry is the second since the beginning, and the third stands for one that runs.
    await queue.publish('3 runs')
    await kit.read(world, 'RPUSH', 'queued', 'runs')
    await kit.read(world, 'SREM', 'committed', '3 runs')
    const { findings } = await audit(queue, { repair: true })
    expect(findings.map(({ kind, ids, count, mended }) => [kind, ids, count, mended])).toEqual([
      ['totals', [], 1, 1],
      ['uncommitted', ['3 runs'], 1, 1],
      ['stale', ['runs'], 1, 1],
    ])
    expect(await audit(queue)).toMatchObject({ clean: true, findings: [] })
    expect(await drain(world)).toEqual(['3 runs', 'runs'])
  })
})
