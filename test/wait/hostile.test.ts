import { expect, test } from 'vitest'
import type { ConvoyError } from '../../src/index.js'
import { publishAndWait, waitFor } from '../../src/wait/index.js'
import { onBothStores } from '../queue/kit.js'
import { ALIKE, HOSTILE, UNPRINTABLE } from '../support/hostile.js'

const KEEP = { keepResult: 60_000 }
const IDS = [...new Set([...HOSTILE, ...ALIKE])]

onBothStores((kit) => {
  test('whoever waits for an odd ID gets what its own run returns', async () => {
    const world = await kit.world()
    const queue = world.queue(KEEP)
    const stage = world.stage()
    const waits = IDS.map((id) => publishAndWait(queue, id))
    const others = IDS.map((id) => waitFor(queue, id))
    await world.spy.until(() => world.spy.of('publish').length >= IDS.length)
    queue.process(
      async (job) => {
        await stage.handler(job)
        return { of: job.id }
      },
      { concurrency: IDS.length },
    )
    await stage.begins(IDS.length)
    // The last first.
    for (const id of stage.ids.toReversed()) stage.end(id)
    expect((await Promise.all(waits)).map(({ result }) => result)).toEqual(IDS.map((id) => ({ of: id })))
    expect((await Promise.all(others)).map(({ result }) => result)).toEqual(IDS.map((id) => ({ of: id })))
    const kept = await Promise.all(IDS.map((id) => waitFor(queue, id)))
    expect(kept.map(({ result, run }) => [result, run])).toEqual(IDS.map((id) => [{ of: id }, 'remembered']))
    expect(stage.begun).toHaveLength(IDS.length)
  })

  test('of an odd ID that fails, is withdrawn, or takes too long, it is told in one line', async () => {
    const world = await kit.world()
    const queue = world.queue({ ...KEEP, clock: world.clock })
    const reasonOf = async (wait: Promise<unknown>): Promise<ConvoyError> =>
      (await wait.then(
        () => new Error('it ended'),
        (error: unknown) => error,
      )) as ConvoyError
    const third = (rest: number): string[] => IDS.filter((_, place) => place % 3 === rest)
    const waits = IDS.map((id, place) => reasonOf(publishAndWait(queue, id, place % 3 === 2 ? { timeout: 1_000 } : {})))
    await world.spy.until(() => world.spy.of('publish').length >= IDS.length)
    await queue.withdraw(third(1))
    world.clock.pass(1_000)
    await Promise.all(waits.filter((_, place) => place % 3 === 2))
    const failing = new Set(third(0))
    queue.process(
      ({ id }) => {
        if (failing.has(id)) throw new Error('no')
      },
      { concurrency: IDS.length },
    )
    const reasons = await Promise.all(waits)
    const codes = ['JOB_FAILED', 'WITHDRAWN', 'WAIT_TIMEOUT']
    expect(reasons.map(({ code }) => code)).toEqual(IDS.map((_, place) => codes[place % 3]))
    for (const { message } of reasons) {
      expect(message).not.toMatch(UNPRINTABLE)
      expect(message.length).toBeLessThan(500)
    }
  })
})
