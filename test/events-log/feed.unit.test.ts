import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Feed } from '../../src/events-log/feed.js'

const MOST = 16_777_216

test('a reader that stands still is held 16 Mi characters, and told once that there was more', async () => {
  const feed = new Feed()
  const half = 'x'.repeat(MOST / 2)
  for (const message of [half, half, 'y', 'z']) feed.hear(message)
  expect([(await feed.next()) === half, (await feed.next()) === half, await feed.next()]).toEqual([true, true, null])
  // What was read makes room again.
  feed.hear(half)
  feed.hear(half)
  feed.end()
  expect([(await feed.next()) === half, (await feed.next()) === half, await feed.next()]).toEqual([
    true,
    true,
    undefined,
  ])
})

test('while something is missing nothing more is held, whatever there is room for by then', async () => {
  const feed = new Feed(10)
  for (const text of ['aaaa', 'bbbb', 'cccc']) feed.hear(text)
  expect(await feed.next()).toBe('aaaa')
  for (const text of ['d', null, 'e', null]) feed.hear(text)
  expect([await feed.next(), await feed.next()]).toEqual(['bbbb', null])
  for (const text of [null, 'f', null]) feed.hear(text)
  feed.end()
  expect([await feed.next(), await feed.next()]).toEqual([null, undefined])
})

test('what was read is let go, though there is always more to read', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const feed = new Feed()
  for (let i = 0; i < 3; i++) feed.hear('m')
  const pass = async (count: number, message: (i: number) => string): Promise<number> => {
    const before = held()
    for (let i = 0; i < count; i++) {
      feed.hear(message(i))
      await feed.next()
    }
    return held() - before
  }
  // Fewer than the places that are given back at once: 50 MB of texts. And the places of a million: 8 MB.
  expect(await pass(1_000, (i) => Buffer.alloc(50_000, 97 + (i % 20)).toString('latin1'))).toBeLessThan(10_000_000)
  expect(await pass(1_000_000, () => 'm')).toBeLessThan(4_000_000)
  const order: (string | null | undefined)[] = []
  for (let i = 0; i < 5_000; i++) feed.hear(`${i}`)
  for (let i = 0; i < 3 + 5_000; i++) order.push(await feed.next())
  expect(order).toEqual(['m', 'm', 'm', ...Array.from({ length: 5_000 }, (_, i) => `${i}`)])
})
