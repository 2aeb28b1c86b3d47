import { afterEach, expect, test, vi } from 'vitest'
import { memoryStore, sharedMemoryStore } from '../../src/memory/store.js'
import type { OpenStore, Store } from '../../src/store.js'

// What only the memory store promises; the laws of all stores are in test/law.

const patience = { timeout: 1_000 }
const place = { name: 'q', prefix: 'memory-store-test', tell: () => {} }
const never = new AbortController().signal

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function publish(store: Store, id: string): Promise<string> {
  return (await store.publish({ ids: [id], policy: { processing: 'discard' } }, patience)).verdicts
}

test('each memory store is a world of its own; the shared one is one for the process', async () => {
  const twice = async (one: OpenStore, other: OpenStore) => [
    await publish(one(place), 'a'),
    await publish(other(place), 'a'),
  ]
  expect(await twice(memoryStore(), memoryStore())).toEqual(['q', 'q'])
  expect(await twice(sharedMemoryStore, sharedMemoryStore)).toEqual(['q', 'd'])
})

test('what was published stays when every opening was closed', async () => {
  const open = memoryStore()
  const first = open(place)
  await publish(first, 'a')
  await first.close()
  expect(await publish(open(place), 'a')).toBe('d')
})

test('by default the clock is the wall clock, but never runs backwards', async () => {
  const wall = vi.spyOn(Date, 'now')
  const store = memoryStore()(place)
  const now = async (ms: number) => (await store.counts(wall.mockReturnValue(ms) && patience)).now
  expect([await now(5_000), await now(4_000), await now(5_001)]).toEqual([5_000, 5_000, 5_001])
})

test('a verb has happened when the call returns, awaited or not', async () => {
  const store = memoryStore()(place)
  const publishing = publish(store, 'a')
  expect((await Promise.all([store.counts(patience), publishing]))[0]).toMatchObject({ queued: 1 })
})

test('a wait leaves no timer behind, however it ends', async () => {
  vi.useFakeTimers()
  const store = memoryStore()(place)
  const stop = new AbortController()
  const waits = [store.awaitWork(60_000, never), store.awaitWork(60_000, stop.signal), store.awaitWork(60_000, never)]
  expect(vi.getTimerCount()).toBe(3)
  await publish(store, 'a')
  stop.abort()
  await store.close()
  expect(vi.getTimerCount()).toBe(0)
  await Promise.all(waits)
})

test('a wait longer than a timer can be is a long wait, not none', async () => {
  vi.useFakeTimers()
  const store = memoryStore()(place)
  let ended = false
  const wait = store.awaitWork(2 ** 40, never).then(() => {
    ended = true
  })
  await vi.advanceTimersByTimeAsync(1_000_000)
  expect(ended).toBe(false)
  await store.close()
  await wait
})
