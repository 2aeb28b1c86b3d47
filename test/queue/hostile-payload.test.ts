import { expect, test } from 'vitest'
import type { ConvoyError, Serializer } from '../../src/index.js'
import { every, schedules } from '../../src/schedule/index.js'
import { publishAndWait } from '../../src/wait/index.js'
import { HOSTILE } from '../support/hostile.js'
import { KEPT, REFUSED } from '../support/hostile-payloads.js'
import { onBothStores } from './kit.js'

const HOUR = 3_600_000

/** Texts as they are: nothing spells out what is odd in them. */
const raw: Serializer<string> = { encode: (text) => text, decode: (stored) => String(stored) }
/** Their bytes, twice, so that no text is taken for its own bytes. */
const bytes: Serializer<string> = {
  encode: (text) => new TextEncoder().encode(text + text),
  decode: (stored) => {
    const twice = new TextDecoder('utf-8', { ignoreBOM: true }).decode(stored as Uint8Array)
    return twice.slice(0, twice.length / 2)
  },
}

const numbered = (payloads: readonly string[]) => payloads.map((payload, i) => ({ id: `${i}`, payload }))

onBothStores((kit) => {
  test('odd payloads come out as JSON makes them, and each with its own ID', async () => {
    expect(KEPT.length).toBeGreaterThan(40)
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    const got = new Map<string, string>()
    await queue.publishMany(KEPT.map(([id, payload]) => ({ id, payload })))
    const seen = new Map((await queue.inspectMany(KEPT.map(([id]) => id))).map((one) => [one.id, one]))
    queue.process((job) => void got.set(job.id, JSON.stringify(job.payload)), { concurrency: 10 })
    await world.spy.until(() => world.spy.settled.length >= KEPT.length)
    for (const [what, payload] of KEPT) {
      // Texts are compared: two objects that differ in an own __proto__ look the same to most.
      const text = JSON.stringify(payload)
      expect(got.get(what) === text, `${what}: ${got.get(what)?.slice(0, 100)}`).toBe(true)
      expect(JSON.stringify(seen.get(what)?.payload) === text, `inspect: ${what}`).toBe(true)
    }
    expect({}).not.toHaveProperty('polluted')
    expect((await queue.stats()).totals).toMatchObject({ done: KEPT.length, failed: 0 })
  })

  test('payloads that cannot be kept whole are refused, by each call, and nothing is stored of them', async () => {
    const world = await kit.world()
    const queue = world.queueFor<unknown>()
    for (const [what, payload] of REFUSED) {
      const good = { id: 'good', payload: 1 }
      const calls = [
        queue.publish('a', { payload }),
        queue.publishMany([good, { id: 'a', payload }]),
        queue.publishMany(
          (async function* () {
            yield { id: 'a', payload }
          })(),
        ),
        publishAndWait(queue, 'a', { payload }),
        every(queue, 'a', 'PT1M', { payload }),
      ]
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect([status, (reason as ConvoyError | undefined)?.code], what).toEqual(['rejected', 'BAD_PAYLOAD'])
        expect((reason as ConvoyError).message.length, what).toBeLessThan(500)
      }
    }
    expect(world.spy.of('publish')).toEqual([])
    expect(await schedules(queue)).toEqual([])
    expect(await queue.stats()).toMatchObject({ committed: 0, totals: { published: 0 } })
  })

  test('results that cannot be kept whole end their jobs all the same, and odd ones come out as JSON makes them', async () => {
    const world = await kit.world()
    const queue = world.queue({ keepResult: HOUR })
    const errors: string[] = []
    queue.on('error', (error) => errors.push((error as ConvoyError).code))
    // One that is undefined is a result.
    const rows = new Map([...KEPT, ...REFUSED.filter(([, value]) => value !== undefined)])
    queue.process(({ id }) => rows.get(id), { concurrency: 10 })
    await queue.publishMany(rows.keys())
    await world.spy.until(() => world.spy.settled.length >= rows.size)
    // It throws at whoever asks whether it is a promise, so the handler's own `await` would have thrown too.
    const gone = 'a proxy that is gone'
    expect(world.spy.settled.filter((mark) => !mark.endsWith(' done 1'))).toEqual([`${gone} fail 1`])
    for (const [what, value] of KEPT) {
      const kept = await queue.result(what)
      expect(kept.found && JSON.stringify(kept.value) === JSON.stringify(value), what).toBe(true)
    }
    for (const [what, value] of REFUSED) {
      if (value !== undefined) expect(await queue.result(what), what).toEqual({ found: false })
    }
    expect(errors).toEqual(Array(REFUSED.length - 2).fill('BAD_RESULT'))
  })

  test('odd progress comes out as JSON makes it, or is refused at once, and the job goes on', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const stage = world.stage()
    queue.process(stage.handler)
    await queue.publish('a')
    const job = await stage.begins(1)
    const textOf = (data: unknown): string => JSON.stringify({ done: 1, data })
    const small = KEPT.filter(([, data]) => Buffer.byteLength(textOf(data)) <= 4_096)
    expect(small.length).toBeGreaterThan(40)
    for (const [what, data] of small) {
      expect(await job.progress(1, undefined, data), what).toBe(true)
      expect(JSON.stringify((await queue.inspect('a')).progress), what).toBe(textOf(data))
    }
    const large = KEPT.filter((row) => !small.includes(row))
    // Of a function or a symbol as data JSON says nothing.
    const nothings = REFUSED.filter(([, data]) => ['undefined', 'function', 'symbol'].includes(typeof data))
    const refused = REFUSED.filter((row) => !nothings.includes(row) && row[0] !== 'one that says it is nothing')
    for (const [what, data] of [...large, ...refused]) {
      const code = 'BAD_REPORT'
      expect(() => job.progress(2, undefined, data), what).toThrowError(expect.objectContaining({ code }))
    }
    expect((await queue.inspect('a')).progress).toMatchObject({ done: 1 })
    stage.end('a')
    await world.spy.until(() => world.spy.settled.length >= 1)
    expect(world.spy.settled).toEqual(['a done 1'])
  })

  test.each([
    ['texts', raw],
    ['bytes', bytes],
  ])('odd %s that are stored as they are come out so: waiting, owed, failed, and as results', async (_, serializer) => {
    const world = await kit.world()
    const queue = world.queueFor<string, string>({
      ...{ serializer, resultSerializer: serializer, keepResult: HOUR, dedupe: 'latest', attempts: 1 },
    })
    const others = [...HOSTILE.slice(1), HOSTILE[0] as string]
    const stage = world.stage()
    queue.process(async (job) => `${await stage.handler(job)}`, { concurrency: HOSTILE.length })
    await queue.pause()
    await queue.publishMany(numbered(others))
    const replaced = await queue.publishMany(numbered(HOSTILE))
    expect(replaced.filter(({ outcome }) => outcome !== 'updated')).toEqual([])
    const seen = async (): Promise<unknown[]> => (await queue.inspectMany(HOSTILE.keys())).map(({ payload }) => payload)
    expect(await seen()).toEqual(HOSTILE)
    await queue.resume()
    await stage.begins(HOSTILE.length)
    // What is owed stands in one record with when and with which priority.
    await queue.publishMany(numbered(others).map((one, i) => ({ ...one, priority: (i % 5) - 2 })))
    for (const [i, text] of HOSTILE.entries()) stage.end(`${i}`, () => text)
    await stage.begins(2 * HOSTILE.length)
    const payloads = stage.begun.map(({ id, payload }) => [id, payload] as const)
    expect(payloads.slice(0, HOSTILE.length)).toEqual(HOSTILE.map((text, i) => [`${i}`, text]))
    expect(new Map(payloads.slice(HOSTILE.length))).toEqual(new Map(others.map((text, i) => [`${i}`, text])))
    const results = async () => Promise.all(Array.from(HOSTILE.keys(), (i) => queue.result(i)))
    expect(await results()).toEqual(HOSTILE.map((value) => ({ found: true, value })))
    for (const [i, text] of others.entries()) {
      stage.end(`${i}`, () => {
        throw new Error(text)
      })
    }
    await world.spy.until(() => world.spy.settled.length >= 2 * HOSTILE.length)
    expect((await queue.list('failed', { limit: 1_000 })).ids).toHaveLength(HOSTILE.length)
    expect(await seen()).toEqual(others)
    expect(await results()).toEqual(HOSTILE.map((value) => ({ found: true, value })))
    await queue.retry('all')
    await stage.begins(3 * HOSTILE.length)
    const again = stage.begun.slice(2 * HOSTILE.length).map(({ id, payload }) => [id, payload] as const)
    expect(new Map(again)).toEqual(new Map(others.map((text, i) => [`${i}`, text])))
    stage.open()
  })
})
