import { expect, onTestFinished, test } from 'vitest'
import { events, journal, listen, type Told } from '../../src/events-log/index.js'
import { createQueue, memoryStore, type Queue } from '../../src/index.js'
import type { OpenStore } from '../../src/store.js'
import { Latch } from '../support/latch.js'

/** Messages that are read at once. */
const PAGE = 500
/** Asks for no message, only where they stand. */
const NOW = Number.MAX_SAFE_INTEGER

/** One store for several queues; what they ask of its messages is written down, and may have to wait. */
class Library {
  readonly #store = memoryStore()
  /** The positions that were asked for. */
  readonly asked: number[] = []
  /** How often somebody began to listen. */
  listened = 0
  #door = new Latch(0)

  queue(): Queue {
    const queue = createQueue('q', { store: this.#opener })
    onTestFinished(() => queue.close())
    return queue
  }

  /** Nothing is read until this is opened. */
  shut(): Latch {
    this.#door = new Latch()
    return this.#door
  }

  readonly #opener: OpenStore = (place) => {
    const store = this.#store(place)
    return {
      ...store,
      control: async (order, patience) => {
        if (order.order === 'messages') {
          this.asked.push(order.from)
          if (order.from !== NOW) await this.#door.wait
        }
        return store.control(order, patience)
      },
      listen: (...all) => {
        this.listened++
        return store.listen(...all)
      },
    }
  }
}

/** A library whose journal holds more than a page. */
async function full(): Promise<Library> {
  const library = new Library()
  const queue = library.queue()
  await journal(queue, { keep: 2 * PAGE })
  for (let i = 0; i < PAGE + 100; i++) await queue.publish(`${i}`)
  return library
}

/** How many events are told, when at one of them this is done. */
async function toldUntil(queue: Queue, at: number, end: () => unknown, signal?: AbortSignal): Promise<number> {
  let told = 0
  for await (const _ of events(queue, { from: 'oldest', ...(signal ? { signal } : {}) })) {
    if (++told === at) await end()
  }
  return told
}

test('the reading of a journal ends at once: by its signal, and with its queue', async () => {
  const library = await full()
  const over = new AbortController()
  expect(await toldUntil(library.queue(), 10, () => over.abort(), over.signal)).toBe(10)
  const queue = library.queue()
  expect(await toldUntil(queue, 10, () => queue.close())).toBe(10)
})

test('who listens is told no more of a journal once its ears are closed', async () => {
  const library = await full()
  const door = library.shut()
  const tenth = new Latch()
  let told = 0
  let closed: Promise<void> | undefined
  const queued = (): void => {
    if (++told === 10) closed = ears.close().finally(() => tenth.open())
  }
  const ears = await listen(library.queue(), { queued }, { from: 'oldest' })
  door.open()
  await tenth.wait
  await closed
  expect(told).toBe(10)
})

test('who ends at the end of a page does not ask for another', async () => {
  const library = await full()
  const over = new AbortController()
  expect(await toldUntil(library.queue(), PAGE, () => over.abort(), over.signal)).toBe(PAGE)
  expect(library.asked).toEqual([NOW, 0])
})

test('who listens with a signal that was aborted before is told nothing, and asks nothing', async () => {
  const library = new Library()
  const queue = library.queue()
  await queue.ready()
  const told: string[] = []
  const listeners = { queued: ({ ids }: Told) => told.push(...ids) }
  for (const from of [{}, { from: 'oldest' }, { from: 1 }] as const) {
    const ears = await listen(queue, listeners, { ...from, signal: AbortSignal.abort() })
    onTestFinished(() => ears.close())
  }
  const there = await listen(queue, listeners)
  await queue.publish('a')
  await there.close()
  expect(told).toEqual(['a'])
  expect(library).toMatchObject({ asked: [NOW], listened: 1 })
})

test("'oldest' without a journal: what is sent once it listens is told, however late it reads", async () => {
  const library = new Library()
  const queue = library.queue()
  await queue.publish('unheard')
  const door = library.shut()
  const told: string[] = []
  const second = new Latch()
  const queued = ({ ids }: Told): void => {
    told.push(...ids)
    if (ids.includes('second')) second.open()
  }
  const ears = await listen(queue, { queued, gap: () => told.push('gap') }, { from: 'oldest' })
  onTestFinished(() => ears.close())
  await queue.publish('first')
  door.open()
  await queue.publish('second')
  await second.wait
  expect(told).toEqual(['first', 'second'])
})
