import { expect, test } from 'vitest'
import { ALIKE, HOSTILE } from '../support/hostile.js'
import { onBothStores } from './kit.js'

const HOUR = 3_600_000
const PATIENCE = { timeout: 10_000 }
const IDS = [...new Set([...HOSTILE, ...ALIKE])]

onBothStores((kit) => {
  test('odd IDs have progress, a log and a result of their own, which come out as they went in', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: HOUR, keepLog: 2 * HOUR, dedupe: { remember: HOUR } })
    const stage = world.stage()
    const reported: boolean[] = []
    queue.process(
      async (job) => {
        reported.push(await job.progress(1, 2, { of: job.id }), await job.log(`${job.id}\nof ${job.id}`))
        await stage.handler(job)
        return { of: job.id }
      },
      { concurrency: IDS.length },
    )
    await queue.publishMany(IDS)
    await stage.begins(IDS.length)
    expect(reported).toEqual(Array(2 * IDS.length).fill(true))
    expect((await queue.inspectMany(IDS)).map(({ id, progress }) => [id, progress])).toEqual(
      IDS.map((id) => [id, { done: 1, total: 2, data: { of: id } }]),
    )
    stage.open()
    await world.spy.until(() => world.spy.settled.length >= IDS.length)
    const results = async () => Promise.all(IDS.map(async (id) => [id, await queue.result(id)]))
    const logs = async () => Promise.all(IDS.map(async (id) => [id, await queue.logOf(id)]))
    const found = (id: string) => ({ found: true, value: { of: id } })
    const lines = IDS.map((id) => [id, `${id}\nof ${id}`.split('\n')])
    expect(await results()).toEqual(IDS.map((id) => [id, found(id)]))
    expect(await logs()).toEqual(lines)
    expect((await queue.inspectMany(IDS)).filter(({ progress }) => progress !== undefined)).toEqual([])
    // A withdrawal forgets the result, and leaves the log.
    await queue.withdraw(IDS.filter((_, place) => place % 2 === 0))
    expect(await results()).toEqual(IDS.map((id, i) => [id, i % 2 === 0 ? { found: false } : found(id)]))
    expect(await logs()).toEqual(lines)
    await world.serverPasses(HOUR)
    expect(await results()).toEqual(IDS.map((id) => [id, { found: false }]))
    expect(await logs()).toEqual(lines)
    await world.serverPasses(HOUR)
    expect(await logs()).toEqual(IDS.map((id) => [id, []]))
  })

  test('of IDs that are made of each other, each has what its own run kept, and nothing before', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: HOUR, dedupe: { remember: HOUR } })
    const store = world.store()
    const kept = async () => (await store.recall(ALIKE, PATIENCE)).map(({ result, log }) => [result, log])
    queue.process(async (job) => {
      await job.log(`log of ${job.id}`)
      return `result of ${job.id}`
    })
    const own = (id: string) => [`s${JSON.stringify(`result of ${id}`)}`, `log of ${id}`.split('\n')]
    for (const [i, id] of ALIKE.entries()) {
      await queue.publish(id)
      await world.spy.until(() => world.spy.settled.length > i)
      expect(await kept(), JSON.stringify(id)).toEqual(ALIKE.map((one, at) => (at <= i ? own(one) : [null, []])))
    }
    for (const [i, id] of ALIKE.entries()) {
      expect(await queue.withdraw(id)).toEqual([{ id, was: 'remembered' }])
      expect(await kept(), JSON.stringify(id)).toEqual(
        ALIKE.map((one, at) => (at <= i ? [null, own(one)[1]] : own(one))),
      )
    }
  })
})
