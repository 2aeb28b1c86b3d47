import { expect, test } from 'vitest'
import type { Verdict } from '../../src/index.js'
import { Latch } from '../support/latch.js'
import { onBothStores } from './kit.js'

const NONE = { queued: 0, delayed: 0, updated: 0, rerun: 0, duplicate: 0, full: 0 }

/** An async source that notes how much was asked of it. */
class Source {
  given = 0
  returned = false

  async *ids(count: number, idOf: (i: number) => string | number = (i) => i) {
    try {
      while (this.given < count) yield idOf(this.given++)
    } finally {
      this.returned = true
    }
  }
}

onBothStores((kit) => {
  test('an async iterable gets its verdicts by callback, each once and in order, and counts at the end', async () => {
    const queue = (await kit.world()).queue()
    await queue.publish('7')
    const verdicts: Verdict[] = []
    const counts = await queue.publishMany(new Source().ids(2_500), { onVerdicts: (some) => verdicts.push(...some) })
    expect(counts).toEqual({ ...NONE, queued: 2_499, duplicate: 1 })
    expect(verdicts.map(({ id }) => id)).toEqual(Array.from({ length: 2_500 }, (_, i) => String(i)))
    expect(verdicts[7]).toEqual({ id: '7', outcome: 'duplicate', was: 'queued', guaranteed: true })
    expect((await queue.stats()).queued).toBe(2_500)
  })

  test('an async iterable needs no callback, and may be empty', async () => {
    const queue = (await kit.world()).queue()
    expect(await queue.publishMany(new Source().ids(3, () => 'same'))).toEqual({ ...NONE, queued: 1, duplicate: 2 })
    expect(await queue.publishMany(new Source().ids(0))).toEqual(NONE)
  })

  test('a source is read no further than two batches on their way and one that gathers', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.ready()
    const gate = world.spy.hold('publish')
    const source = new Source()
    let told = 0
    let ahead = 0
    const ids = source.ids(10_000, (i) => {
      ahead = Math.max(ahead, i + 1 - told)
      return i
    })
    const publishing = queue.publishMany(ids, { onVerdicts: (some) => (told += some.length) })
    await world.spy.until(() => gate.waiting === 2)
    await laterTurns(20)
    expect(gate.waiting).toBe(2)
    expect(source.given).toBeLessThanOrEqual(3_000)
    gate.opened.open()
    expect(await publishing).toEqual({ ...NONE, queued: 10_000 })
    expect(ahead).toBeLessThanOrEqual(3_000)
  })

  test('a source that pauses does not hold back what it gave', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const more = new Latch()
    const first = new Latch()
    const source = async function* () {
      yield 'a'
      yield 'b'
      await more.wait
      yield 'c'
    }
    const publishing = queue.publishMany(source(), { onVerdicts: () => first.open() })
    await first.wait
    expect((await queue.list('queued')).ids).toEqual(['a', 'b'])
    more.open()
    expect(await publishing).toEqual({ ...NONE, queued: 3 })
  })

  test('a source that pauses while two batches are on their way does not hold back what it gave', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.ready()
    const gate = world.spy.hold('publish')
    const [second, third, last] = [new Latch(), new Latch(), new Latch()]
    const source = async function* () {
      yield 'a'
      await second.wait
      yield 'b'
      await third.wait
      yield 'c'
      await last.wait
      yield 'd'
    }
    const publishing = queue.publishMany(source())
    await world.spy.until(() => gate.waiting === 1)
    second.open()
    await world.spy.until(() => gate.waiting === 2)
    third.open()
    await laterTurns(5)
    gate.opened.open()
    await world.spy.until(() =>
      world.spy
        .of('publish')
        .flatMap(({ request }) => request.ids)
        .includes('c'),
    )
    last.open()
    expect(await publishing).toEqual({ ...NONE, queued: 4 })
  })

  test('a bad ID ends the stream: it is not stored, the source is closed, and nothing after it is asked for', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const source = new Source()
    const publishing = queue.publishMany(source.ids(5_000, (i) => (i === 1_500 ? '' : i)))
    await expect(publishing).rejects.toMatchObject({ code: 'BAD_ID' })
    expect([source.given, source.returned]).toEqual([1_501, true])
    expect((await queue.stats()).queued).toBe(1_500)
  })

  test('a source that throws rejects with what it threw, once what it gave before has gone out', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const trouble = new Error('the file ended early')
    const source = async function* () {
      yield 'a'
      throw trouble
    }
    await expect(queue.publishMany(source())).rejects.toBe(trouble)
    expect((await queue.list('queued')).ids).toEqual(['a'])
  })

  test('a callback that throws ends the stream with what it threw', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const trouble = new Error('the disk is full')
    const source = new Source()
    const publishing = queue.publishMany(source.ids(100_000), {
      onVerdicts: () => {
        throw trouble
      },
    })
    await expect(publishing).rejects.toBe(trouble)
    expect(source.returned).toBe(true)
    expect(source.given).toBeLessThan(10_000)
  })

  test('close reads a source no further: what it gave goes out, and the call is told CLOSED', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const begun = new Latch()
    const source = new Source()
    const publishing = queue.publishMany(source.ids(Number.POSITIVE_INFINITY), { onVerdicts: () => begun.open() })
    const refused = expect(publishing).rejects.toMatchObject({ code: 'CLOSED' })
    await begun.wait
    await queue.close()
    await refused
    const { queued } = await world.queue().stats()
    expect(queued).toBeGreaterThan(0)
    // But for the one that was being asked for when the queue closed.
    expect([0, 1]).toContain(source.given - queued)
    expect(source.returned).toBe(true)
  })

  test('a source that is quiet delays neither close nor the word that a batch before was refused', async () => {
    const queue = (await kit.world()).queue()
    const quiet = async function* () {
      yield 'a'
      await new Promise(() => {})
    }
    const wrong = new Error('from the callback')
    const failing = queue.publishMany(quiet(), { onVerdicts: () => Promise.reject(wrong) })
    await expect(failing).rejects.toBe(wrong)
    const waiting = expect(queue.publishMany(quiet())).rejects.toMatchObject({ code: 'CLOSED' })
    await queue.close()
    await waiting
  })

  test('streams that wait for their sources hold up no publish', async () => {
    const queue = (await kit.world()).queue()
    const quiet = async function* () {
      await new Promise(() => {})
      yield 'never'
    }
    const streams = [1, 2, 3].map(() => expect(queue.publishMany(quiet())).rejects.toMatchObject({ code: 'CLOSED' }))
    expect(await queue.publish('z')).toMatchObject({ outcome: 'queued' })
    await queue.close()
    await Promise.all(streams)
  })
})

/** Lets the event loop turn: what could run without news from outside has run then. */
async function laterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((next) => setImmediate(next))
}
