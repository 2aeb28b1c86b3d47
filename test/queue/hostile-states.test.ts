import { expect, test } from 'vitest'
import { ALIKE, HOSTILE } from '../support/hostile.js'
import { onBothStores, type World } from './kit.js'

const HOUR = 3_600_000
const LEASE = 30_000
const IDS = [...new Set([...HOSTILE, ...ALIKE])]
const HALF = IDS.filter((_, place) => place % 2 === 0)
const REST = IDS.filter((_, place) => place % 2 === 1)
const ALL = { limit: 1_000 }

const sorted = (ids: Iterable<string>): string[] => [...ids].toSorted()
const each = <T>(what: T, ids = IDS): [string, T][] => ids.map((id) => [id, what])

/** What is queued is claimed by a worker that dies, and fails for that. */
async function fails(world: World): Promise<void> {
  await world.die({ claim: 1_000 })
  await world.lapse({ maxJams: 0, keepFailed: 1_000, limit: 1_000 })
}

onBothStores((kit) => {
  test('odd IDs wait each for its own time, and are promoted alone', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const due = (i: number): Date => new Date(world.now + HOUR + i)
    const verdicts = await queue.publishMany(IDS.map((id, i) => ({ id, delay: HOUR + i })))
    expect(verdicts.map(({ id, outcome, dueAt }) => [id, outcome, dueAt])).toEqual(
      IDS.map((id, i) => [id, 'delayed', due(i)]),
    )
    expect((await queue.inspectMany(IDS)).map(({ id, state, dueAt }) => [id, state, dueAt])).toEqual(
      IDS.map((id, i) => [id, 'delayed', due(i)]),
    )
    expect((await queue.promote(HALF)).map(({ id, was }) => [id, was])).toEqual(each('delayed', HALF))
    expect((await queue.list('queued', ALL)).ids).toEqual(HALF)
    expect((await queue.list('delayed', ALL)).ids).toEqual(REST)
    expect(await queue.promote('all')).toBe(REST.length)
    expect(await world.die({ claim: 1_000 })).toEqual([...HALF, ...REST])
  })

  test('odd IDs come by their priorities, and are raised alone', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const first = (i: number): number => (i % 7) - 3
    const raised = new Set(HALF)
    await queue.publishMany(IDS.map((id, i) => ({ id, priority: first(i) })))
    const told = await queue.publishMany(HALF.map((id) => ({ id, priority: 9 })))
    expect(told.map(({ id, outcome }) => [id, outcome])).toEqual(each('updated', HALF))
    const now = new Map(IDS.map((id, i) => [id, raised.has(id) ? 9 : first(i)]))
    expect((await queue.inspectMany(IDS)).map(({ id, priority = 0 }) => [id, priority])).toEqual([...now])
    const claimed = await world.die({ claim: 1_000 })
    expect(claimed.map((id) => now.get(id))).toEqual([...now.values()].toSorted((a, b) => b - a))
    expect(sorted(claimed)).toEqual(sorted(IDS))
  })

  test('odd IDs fail each with what it has, and are retried and withdrawn alone, or all that are in a state', async () => {
    const world = await kit.world()
    const queue = world.queueFor<string>()
    const states = async (): Promise<unknown[]> =>
      (await queue.inspectMany(IDS)).map(({ id, state, payload }) => [id, state, payload])
    await queue.publishMany(IDS.map((id) => ({ id, payload: `of ${id}` })))
    await fails(world)
    expect(await states()).toEqual(IDS.map((id) => [id, 'failed', `of ${id}`]))
    expect((await queue.retry(HALF)).map(({ id, was }) => [id, was])).toEqual(each('failed', HALF))
    const after = IDS.map((id, i) => [id, i % 2 === 0 ? 'queued' : 'failed', `of ${id}`])
    expect(await states()).toEqual(after)
    expect(sorted((await queue.list('failed', ALL)).ids)).toEqual(sorted(REST))
    expect(await queue.withdraw({ state: 'queued' })).toBe(HALF.length)
    expect(await states()).toEqual(
      IDS.map((id, i) => (i % 2 === 0 ? [id, 'absent', undefined] : [id, 'failed', `of ${id}`])),
    )
    expect(await queue.retry('all')).toBe(REST.length)
    await fails(world)
    expect(await queue.withdraw({ state: 'failed' })).toBe(REST.length)
    await queue.publishMany(IDS.map((id) => ({ id, payload: '', delay: HOUR })))
    expect(await queue.withdraw({ state: 'delayed' })).toBe(IDS.length)
    expect(await states()).toEqual(IDS.map((id) => [id, 'absent', undefined]))
  })

  test('odd IDs are remembered each with its own result, and forgotten alone', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: HOUR, dedupe: { remember: HOUR } })
    queue.process(({ id }) => `of ${id}`, { concurrency: IDS.length })
    await queue.publishMany(IDS)
    await world.spy.until(() => world.spy.settled.length >= IDS.length)
    const again = async (ids: readonly string[]): Promise<unknown[]> =>
      (await queue.publishMany(ids)).map(({ id, was, result }) => [id, was, result])
    expect(await again(IDS)).toEqual(IDS.map((id) => [id, 'remembered', `of ${id}`]))
    expect((await queue.withdraw(HALF)).map(({ id, was }) => [id, was])).toEqual(each('remembered', HALF))
    const until = new Date(world.now + HOUR)
    expect(
      (await queue.inspectMany(IDS)).map(({ id, state, rememberedUntil }) => [id, state, rememberedUntil]),
    ).toEqual(IDS.map((id, i) => (i % 2 === 0 ? [id, 'absent', undefined] : [id, 'remembered', until])))
    expect(await again(REST)).toEqual(REST.map((id) => [id, 'remembered', `of ${id}`]))
    await world.serverPasses(HOUR)
    expect((await queue.inspectMany(REST)).map(({ id, state }) => [id, state])).toEqual(each('absent', REST))
  })

  test.each(['rerun', 'supersede'] as const)(
    'odd IDs that are published anew while they run: %s, each with its own newest payload',
    async (processing) => {
      const world = await kit.world()
      const { clock, spy } = world
      const queue = world.queueFor<string>({ clock, lease: LEASE, dedupe: { processing, waiting: 'replace' } })
      const stage = world.stage()
      queue.process((job) => stage.handler(job), { concurrency: IDS.length })
      await queue.publishMany(IDS.map((id) => ({ id, payload: `old ${id}` })))
      await stage.begins(IDS.length)
      const told = await queue.publishMany(HALF.map((id) => ({ id, payload: `new ${id}` })))
      expect(told.map(({ id, outcome }) => [id, outcome])).toEqual(each('rerun', HALF))
      expect((await queue.inspectMany(IDS)).map(({ id, claim }) => [id, claim?.owed])).toEqual(
        IDS.map((id, i) => [id, i % 2 === 0]),
      )
      await world.pass(LEASE / 3)
      await spy.until(() => spy.renewed.length >= IDS.length)
      expect(stage.begun.map(({ id, owed, signal }) => [id, owed, signal.aborted])).toEqual(
        IDS.map((id, i) => [id, i % 2 === 0, i % 2 === 0 && processing === 'supersede']),
      )
      stage.open()
      await spy.until(() => spy.settled.length >= IDS.length + HALF.length)
      const ran = stage.begun.map(({ id, payload }) => [id, payload])
      expect(ran.slice(0, IDS.length)).toEqual(IDS.map((id) => [id, `old ${id}`]))
      expect(new Map(ran.slice(IDS.length) as [string, string][])).toEqual(new Map(HALF.map((id) => [id, `new ${id}`])))
      expect(ran).toHaveLength(IDS.length + HALF.length)
    },
  )

  test('of IDs that are made of each other, one that fails, runs or waits is that one alone', async () => {
    const world = await kit.world()
    const queue = world.queueFor<string>()
    for (const [i, id] of ALIKE.entries()) {
      await queue.publish(id, { payload: `of ${id}`, priority: i + 1 })
      expect(await world.die()).toEqual([id])
      await world.lapse({ maxJams: 0, keepFailed: 1_000 })
      const seen = await queue.inspectMany(ALIKE)
      expect(
        seen.map(({ id, state, failures, payload, priority }) => [id, state, failures, payload, priority]),
      ).toEqual(
        ALIKE.map((one, at) =>
          at <= i ? [one, 'failed', 1, `of ${one}`, at + 1] : [one, 'absent', 0, undefined, undefined],
        ),
      )
    }
    for (const [i, id] of ALIKE.entries()) {
      expect(await queue.withdraw(id)).toEqual([{ id, was: 'failed' }])
      expect(sorted((await queue.list('failed', ALL)).ids)).toEqual(sorted(ALIKE.slice(i + 1)))
    }
  })
})
