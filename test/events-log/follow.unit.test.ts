import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Feed } from '../../src/events-log/feed.js'
import { follow, type QueueEvent } from '../../src/events-log/follow.js'
import { memoryStore } from '../../src/index.js'
import type { Store } from '../../src/store.js'

const PATIENCE = { timeout: 1_000 }
const TURN = (): Promise<void> => new Promise((go) => setImmediate(go))

/** A queue that sends messages, and the connection of one who follows it, which may break. */
class Line {
  #now = 1_000
  store: Store = this.#open()
  /** What each position told. */
  readonly sent = new Map<number, string>()
  readonly events: QueueEvent[] = []
  readonly feed: Feed
  #connected = true
  #ids = 0
  readonly #over = new AbortController()

  constructor(most?: number) {
    this.feed = new Feed(most)
  }

  async hear(): Promise<void> {
    await this.store.listen((message) => this.#connected && this.feed.hear(message), this.#over.signal, PATIENCE)
  }

  #open(): Store {
    return memoryStore({ clock: () => ++this.#now })({ name: 'q', prefix: 'follow', tell: () => {} })
  }

  /** Another server in its place, which knows of nothing. */
  async restart(): Promise<void> {
    this.store = this.#open()
    await this.hear()
  }

  /** From now on nothing is heard, until the connection is back. */
  breaks(): void {
    this.#connected = false
  }

  back(): void {
    this.#connected = true
    this.feed.hear(null)
  }

  async journal(keep: number): Promise<void> {
    await this.store.control({ order: 'journal', keep }, PATIENCE)
  }

  async publishes(): Promise<void> {
    const id = `${++this.#ids}`
    await this.store.publish({ ids: [id], policy: { processing: 'discard' } }, PATIENCE)
    const { messages } = await this.store.control(
      { order: 'messages', from: Number.MAX_SAFE_INTEGER, limit: 1 },
      PATIENCE,
    )
    this.sent.set(messages?.last ?? 0, id)
    await TURN()
  }

  /** Reads until the end. */
  async follow(from: number | 'oldest' | undefined, most?: number): Promise<void> {
    const read = async (at: number, limit: number) =>
      (await this.store.control({ order: 'messages', from: at, limit }, PATIENCE)).messages
    const now = ((await read(Number.MAX_SAFE_INTEGER, 1))?.last ?? 0) + 1
    const following = {
      feed: this.feed,
      read,
      from: from ?? now,
      now,
      kept: from !== undefined,
      ...(most ? { most } : {}),
    }
    for await (const event of follow(following)) this.events.push(event)
  }

  end(): void {
    this.#over.abort()
    this.feed.end()
  }
}

/** Positions told, and those within a gap: one of unknown length goes on until what is told next. */
function covered(events: readonly QueueEvent[]): { told: number[]; gaps: [number, number][] } {
  const told = events.flatMap((event) => (event.kind === 'gap' ? [] : [event.position]))
  const gaps = events.flatMap((event, i): [number, number][] => {
    if (event.kind !== 'gap') return []
    const then = events.slice(i).find((one) => one.kind !== 'gap')
    return [[event.from, event.to ?? (then ? then.position - 1 : Number.POSITIVE_INFINITY)]]
  })
  return { told, gaps }
}

test('with a journal, whatever breaks: each message is told once and in order, or lies in a gap that is told', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('send' as const) },
    { weight: 1, arbitrary: fc.constantFrom('break' as const, 'back' as const, 'pause' as const) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        before: fc.integer({ min: 0, max: 12 }),
        keep: fc.integer({ min: 1, max: 8 }),
        page: fc.integer({ min: 1, max: 4 }),
        from: fc.integer({ min: 1, max: 15 }),
        steps: fc.array(step, { maxLength: 40 }),
      }),
      async ({ before, keep, page, from, steps }) => {
        const line = new Line()
        await line.journal(keep)
        for (let i = 0; i < before; i++) await line.publishes()
        await line.hear()
        const first = Math.min(from, (Math.max(0, ...line.sent.keys()) || 1) + 1)
        const following = line.follow(first, page)
        let connected = true
        for (const what of steps) {
          if (what === 'send') await line.publishes()
          else if (what === 'pause') await TURN()
          else if (what === 'break') line.breaks()
          else line.back()
          if (what === 'break') connected = false
          if (what === 'back') connected = true
        }
        if (!connected) line.back()
        for (let turns = 0; turns < 60; turns++) await TURN()
        line.end()
        await following
        const { told, gaps } = covered(line.events)
        expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
        for (const [position, id] of line.sent) {
          if (position < first) continue
          const gap = gaps.some(([low, high]) => low <= position && position <= high)
          const event = line.events.find((one) => one.kind !== 'gap' && one.position === position)
          if (event) expect(event).toMatchObject({ kind: 'queued', ids: [id] })
          expect({ position, gap }).toEqual({ position, gap: event === undefined })
        }
        // None of the last `keep` is missed, if it was there when the follower looked for the last time.
        const last = [...line.sent.keys()].filter((position) => position >= first).slice(-keep)
        if (!steps.includes('break')) expect(told).toEqual(expect.arrayContaining(last))
      },
    ),
    { numRuns: 300 },
  )
})

test('without a journal, a break is a gap of unknown length', async () => {
  const line = new Line()
  await line.hear()
  const following = line.follow(undefined)
  await TURN()
  await line.publishes()
  line.breaks()
  await line.publishes()
  line.back()
  await TURN()
  await line.publishes()
  await TURN()
  line.end()
  await following
  expect(line.events).toMatchObject([
    { kind: 'queued', ids: ['1'], position: 1 },
    { kind: 'gap', from: 2, to: null },
    { kind: 'queued', ids: ['3'], position: 3 },
  ])
})

test('what happened while nothing was kept is not passed over, though a journal is kept again', async () => {
  const line = new Line()
  await line.journal(10)
  await line.publishes()
  await line.journal(0)
  await line.publishes()
  await line.journal(10)
  await line.publishes()
  await line.hear()
  const following = line.follow(2)
  for (let turns = 0; turns < 5; turns++) await TURN()
  line.end()
  await following
  expect(line.events[0]).toMatchObject({ kind: 'gap', from: expect.any(Number), to: expect.any(Number) })
  expect(line.events.slice(1)).toMatchObject([{ kind: 'queued', ids: ['3'] }])
})

test("'oldest' begins with the first that is kept, and tells no gap", async () => {
  const line = new Line()
  await line.journal(2)
  for (let i = 0; i < 5; i++) await line.publishes()
  await line.hear()
  const following = line.follow('oldest')
  await TURN()
  await line.publishes()
  for (let turns = 0; turns < 5; turns++) await TURN()
  line.end()
  await following
  expect(line.events.map((event) => (event.kind === 'gap' ? 'gap' : event.ids[0]))).toEqual(['4', '5', '6'])
})

test('who reads too slowly goes on in the journal, and this process keeps no more than it may', async () => {
  const line = new Line(200)
  await line.journal(100)
  await line.hear()
  for (let i = 0; i < 50; i++) await line.publishes()
  const following = line.follow(1)
  for (let turns = 0; turns < 10; turns++) await TURN()
  line.end()
  await following
  const { told, gaps } = covered(line.events)
  expect(told).toHaveLength(50)
  expect(gaps.length).toBeLessThanOrEqual(1)
})

test('a server that counts anew, since it has lost its history, is followed on', async () => {
  const line = new Line()
  await line.hear()
  const following = line.follow(undefined)
  await TURN()
  for (let i = 0; i < 3; i++) await line.publishes()
  await line.restart()
  await line.publishes()
  await line.publishes()
  await TURN()
  line.end()
  await following
  const told = line.events.map((event) => (event.kind === 'gap' ? [event.from, event.to] : event.position))
  expect(told).toEqual([1, 2, 3, [4, null], 1, 2])
})

test('who ends while what is kept is read is not told what was heard behind it', async () => {
  const feed = new Feed()
  feed.hear(JSON.stringify([9, 1_000, 'done', ['a']]))
  feed.end()
  const told: QueueEvent[] = []
  const following = follow({ feed, read: async () => undefined, from: 3, now: 9, kept: true })
  for await (const event of following) told.push(event)
  expect(told).toEqual([])
})

/** A server without a journal, and one who hears it. */
class Bare {
  readonly feed: Feed
  position = 0
  reads = 0
  /** Sent while the next read is on its way. */
  meanwhile = 0
  #now = 1_000
  readonly #events: AsyncGenerator<QueueEvent, void>

  constructor(most?: number) {
    this.feed = new Feed(most)
    const read = async () => {
      this.reads++
      this.sends(this.meanwhile)
      this.meanwhile = 0
      return { first: 0, last: this.position, texts: [] }
    }
    this.#events = follow({ feed: this.feed, read, from: 1, now: 1, kept: false })
  }

  sends(count: number): void {
    for (let i = 0; i < count; i++) {
      const position = ++this.position
      this.feed.hear(JSON.stringify([position, ++this.#now, 'queued', ['a']]))
    }
  }

  /** A position, or a gap. */
  async next(): Promise<number | (number | null)[]> {
    const { value } = await this.#events.next()
    if (!value) throw new Error('it has ended')
    return value.kind === 'gap' ? [value.from, value.to] : value.position
  }
}

test('who fell behind once is told of one gap, and of all that was held; the server is asked twice', async () => {
  const line = new Bare(1_000)
  line.sends(100)
  line.meanwhile = 10
  const told: unknown[] = []
  // As fast as it is read, more is sent.
  for (let i = 0; i < 100; i++) {
    told.push(await line.next())
    line.sends(1)
  }
  const gaps = told.filter((one) => Array.isArray(one))
  const held = told.findIndex((one) => Array.isArray(one))
  expect(gaps).toEqual([[held + 1, null]])
  expect(told.slice(0, held)).toEqual(Array.from({ length: held }, (_, i) => i + 1))
  const on = told[held + 1] as number
  expect(told.slice(held + 1)).toEqual(Array.from({ length: told.length - held - 1 }, (_, i) => on + i))
  expect(on).toBe(100 + held + 10 + 1)
  expect(line.reads).toBe(2)
})

test('a server that counts anew behind a gap is followed on', async () => {
  const line = new Bare()
  line.feed.hear(null)
  line.position = 50
  line.meanwhile = 5
  expect(await line.next()).toEqual([1, null])
  line.sends(1)
  expect(await line.next()).toBe(56)
  line.position = 0
  line.sends(2)
  expect([await line.next(), await line.next(), await line.next()]).toEqual([[57, null], 1, 2])
  expect(line.reads).toBe(3)
})

test("'oldest': a journal that begins later than the listening leaves no hole", async () => {
  const feed = new Feed()
  const texts = [JSON.stringify([8, 1_000, 'done', ['a']])]
  const read = async () => ({ first: 8, last: 8, texts })
  const told = follow({ feed, read, from: 'oldest', now: 6, kept: true })
  expect((await told.next()).value).toEqual({ kind: 'gap', from: 6, to: 7 })
  expect((await told.next()).value).toMatchObject({ kind: 'done', position: 8 })
})

test('a feed says once that something is missing, and ends after what it holds', async () => {
  const feed = new Feed(10)
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd']) feed.hear(text)
  feed.hear(null)
  expect([await feed.next(), await feed.next(), await feed.next()]).toEqual(['aaaa', 'bbbb', null])
  feed.hear('eeee')
  feed.end()
  feed.hear('ffff')
  expect([await feed.next(), await feed.next()]).toEqual(['eeee', undefined])
})
