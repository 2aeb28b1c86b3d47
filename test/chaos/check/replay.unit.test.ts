import { expect, test } from 'vitest'
import { key } from '../scene/look.js'
import { commandsIn, Replay } from './replay.js'

const [queued, committed, processing, delayed] = (['queued', 'committed', 'processing', 'delayed'] as const).map(key)
const AT = { queued, committed, processing, delayed } as Record<string, string>

/** A transaction in words: `SADD committed a`. */
const encoded = (...commands: readonly string[]): Buffer =>
  Buffer.from(
    ['MULTI', ...commands, 'EXEC']
      .map((text) => text.split(' ').map((word) => AT[word] ?? word))
      .map(
        (words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
      )
      .join(''),
  )

const PUBLISH = encoded('SADD committed a b', 'RPUSH queued a b')
const CLAIM = encoded('LPOP queued 2', 'ZADD processing NX 5 b 5 a')
const RENEW = encoded('ZADD processing XX 9 a')
const DONE = encoded('ZREM processing a', 'SREM committed a')
const JAM = encoded('ZREM processing b', 'LPUSH queued b')
const LATER = encoded('LTRIM queued 1 -1', 'ZADD delayed 9 b')

const breaches = (...transactions: readonly Buffer[]): string[] => {
  const replay = new Replay()
  replay.read(Buffer.concat(transactions))
  return replay.breaches.map(({ what }) => what)
}

test('a life from publish to done, by way of a jam and a delay, breaks nothing', () => {
  const replay = new Replay()
  replay.read(Buffer.concat([PUBLISH, CLAIM, RENEW, DONE, JAM, LATER]))
  expect(replay).toMatchObject({ transactions: 6, breaches: [] })
})

test.each([
  ['an ID pushed twice', [PUBLISH, encoded('RPUSH queued a')], 'a stood in line twice, after transaction 2'],
  [
    'an ID dropped by a sweep',
    [PUBLISH, CLAIM, encoded('ZREM processing b')],
    'b was not in exactly one state, after transaction 3',
  ],
  [
    'an ID claimed and left in line',
    [PUBLISH, encoded('ZADD processing NX 5 a')],
    'a was not in exactly one state, after transaction 2',
  ],
  [
    'an ID ended and still committed',
    [PUBLISH, CLAIM, encoded('ZREM processing a')],
    'a was not in exactly one state, after transaction 3',
  ],
  [
    'a publish in two halves',
    [encoded('SADD committed a'), encoded('RPUSH queued a')],
    'a was not in exactly one state, after transaction 1',
  ],
])('%s is seen, though the next transaction may mend it', (_what, transactions, breach) => {
  expect(breaches(...transactions)).toEqual([breach])
})

test('FLUSHALL empties all places at once', () => {
  const flush = Buffer.from('*1\r\n$8\r\nFLUSHALL\r\n')
  expect(breaches(PUBLISH, CLAIM, flush, PUBLISH, CLAIM)).toEqual([])
})

test('a command that was cut off is left out', () => {
  for (let end = 0; end < PUBLISH.length; end++) {
    expect([...commandsIn(PUBLISH.subarray(0, end))].length).toBeLessThan(4)
  }
  expect([...commandsIn(PUBLISH)]).toHaveLength(4)
})
