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
