import { expect, test } from 'vitest'
import { readOptions, UsageError } from '../../examples/hash-files/options.mjs'
import { Screen } from '../../examples/hash-files/screen.mjs'
import { Tally } from '../../examples/hash-files/tally.mjs'
import { ROOT } from '../house/sources.js'

const read = (args: string[], store = 'redis://localhost') => readOptions(args, { REDIS_URL: store })

test('without options this project is hashed in memory, by one worker of this process', () => {
  const { root, store, workers, crash } = readOptions([], {})
  expect([`${root}/`, store, workers, crash]).toEqual([`${ROOT}/`.replace('//', '/'), 'memory:', 0, false])
  expect(readOptions([], { CONVOY_STORE: 'redis://a', REDIS_URL: 'redis://b' }).store).toBe('redis://a')
})

test('a crash alone brings three workers', () => {
  expect(read(['--crash']).workers).toBe(3)
  expect(read(['--crash', '--workers', '2']).workers).toBe(2)
})

test.each([
  [['--worker', '3'], 'did you mean --workers?'],
  [['--crsh'], 'did you mean --crash?'],
  [['--something-else'], 'there are --workers'],
  [['-x'], 'there is no option -x'],
  [['--workers', '0'], 'from 1 to 64'],
  [['--rounds', '1.5'], "not '1.5'"],
  [['--concurrency', '-1'], "not '-1'"],
  [['--publishers'], 'not nothing'],
  [['--crash=yes'], '--crash takes no value'],
  [['nowhere'], "'nowhere' is not a directory"],
  [['src', 'test'], 'one directory at a time'],
  [['--crash', '--workers', '1'], 'at least two workers'],
])('%j is refused: %s', (args, hint) => {
  expect(() => read(args)).toThrow(UsageError)
  expect(() => read(args)).toThrow(hint)
})

test.each([['--crash'], ['--workers=2']])('%s is refused in memory', (arg) => {
  expect(() => read([arg], 'memory:')).toThrow('needs Redis')
})

const verdict = (id: string, outcome: 'queued' | 'duplicate') =>
  ({ id, outcome, was: outcome === 'queued' ? 'absent' : 'queued', guaranteed: true }) as const
const jam = { id: 'a', epoch: 1, startedAt: 1, worker: 'w', jams: 1, started: true, now: 'queued' } as const

test('a path may run once for each time it was let in, and once more for each jam', () => {
  const tally = new Tally(['a', 'b'])
  tally.verdicts([verdict('a', 'queued'), verdict('a', 'duplicate'), verdict('b', 'queued')])
  tally.ledger('worker 1', [['start', 'a']])
  expect(tally.ranTooOften()).toEqual([])
  tally.ledger('worker 2', [['start', 'a']])
  expect(tally.ranTooOften()).toEqual(['a'])
  tally.jams([jam])
  expect(tally.ranTooOften()).toEqual([])
  tally.verdicts([{ ...verdict('a', 'duplicate'), repeated: true }])
  tally.ledger('worker 2', [['start', 'a']])
  expect(tally.ranTooOften()).toEqual([])
})

test('a path that was never published ran too often', () => {
  const tally = new Tally(['a'])
  tally.ledger('worker 1', [['start', 'ghost']])
  expect(tally.ranTooOften()).toEqual(['ghost'])
})

test('a path is hashed once its hash is in a ledger; a start alone is not enough', () => {
  const tally = new Tally(['a', 'b'])
  tally.ledger('worker 1', [
    ['start', 'a'],
    ['start', 'b'],
    ['hash', 'b', 'ab', 3, 0],
  ])
  expect([tally.unhashed(), tally.hashed, tally.bytes]).toEqual([['a'], 1, 3])
})

test('a second read takes a sample of many, and all that jammed', () => {
  const ids = Array.from({ length: 500 }, (_, i) => `f${i}`)
  const tally = new Tally(['a', ...ids])
  tally.ledger(
    'worker 1',
    ['a', ...ids].map((id): ['hash', string, string, number, number] => ['hash', id, 'ab', 1, 0]),
  )
  expect(tally.sample(10)).toHaveLength(10)
  tally.jams([{ ...jam, id: 'f77' }])
  expect(tally.sample(10).map(({ id }) => id)).toContain('f77')
})

function terminal(isTTY: boolean): { out: NodeJS.WriteStream; text: () => string } {
  const written: string[] = []
  const out = { isTTY, columns: 60, write: (text: string) => written.push(text) > 0 }
  return { out: out as unknown as NodeJS.WriteStream, text: () => written.join('') }
}

test('on a terminal a bar stands below the lines, no wider than it, and is taken away at the end', () => {
  const { out, text } = terminal(true)
  const screen = new Screen(out, { NO_COLOR: '1' })
  screen.progress(5, 10, ', and a text that is much too long for so narrow a terminal')
  expect(text().length).toBeLessThan(60)
  expect(text()).toContain('███████████████░░░░░░░░░░░░░░░')
  screen.line('news')
  screen.end()
  expect(text()).toMatch(/news\n.*█/s)
  expect(text().endsWith('\r\u001b[2K')).toBe(true)
})

test('without a terminal there are lines and nothing else', () => {
  const { out, text } = terminal(false)
  const screen = new Screen(out, {})
  screen.progress(5, 10, '')
  screen.line(screen.paint('red', 'news'))
  screen.end()
  expect(text()).toBe('news\n')
})
