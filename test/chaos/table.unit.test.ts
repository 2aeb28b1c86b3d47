import { expect, test } from 'vitest'
import type { Findings } from './check/check.js'
import { table } from './table.js'
import type { Tally } from './tally.js'

const FINDINGS: Findings = {
  ...{ breaches: [], accepted: 100, runs: 101, delayed: 0, reruns: 0, retried: 0, jammed: 0, lost: 0, repeated: 0 },
  ...{ unknown: 0, refused: 0, withinWindow: 0, recoveries: [10, 20, 3_000], cutShort: 0, resumed: 6 },
  ...{ looks: 9, faults: 3 },
}
const TALLY: Tally = {
  ...{ row: 'net-cut', seed: '1', rounds: 3, faults: 3, kills: 4, prefixes: 0, undone: 0, transactions: 777 },
  ...{ findings: FINDINGS, troubles: [], notes: [], seconds: { 'set-up': 2, rounds: 50, drain: 7, check: 1 } },
}
const BROKEN: Tally = {
  ...TALLY,
  row: 'power-cut',
  findings: {
    ...FINDINGS,
    withinWindow: 5,
    breaches: [
      { rule: 'K1', what: 'a is lost' },
      { rule: 'K8', what: 'b stood in line twice' },
      { rule: 'K8', what: 'c is stuck' },
    ],
  },
}

/** By the names of the columns: each cell ends where its name ends. */
function read(text: string, line: number): Record<string, string> {
  const rows = text.split('\n')
  const cells = (row = ''): string[] => row.split(/ {2,}/)
  return Object.fromEntries(cells(rows[0]).map((name, i) => [name, cells(rows[line])[i] ?? '']))
}

test('each cell stands under its own name', () => {
  const text = table([{ tally: TALLY, held: true }], [])
  expect(read(text, 1)).toEqual({
    ...{ row: 'net-cut', dose: '3r 3f 4k', 'publ.': '100', runs: '101', replayed: '777', LOST: '0', twice: '0' },
    ...{ ends: '0', stuck: '0', recovery: '20/3000', pending: '0', uncaught: '0' },
    ...{ 'set-up': '2 s', rounds: '50 s', drain: '7 s', check: '1 s', time: '60 s' },
  })
})

test('a broken row names its rules, what was not run why, and the last line how long all took', () => {
  const text = table(
    [
      { tally: TALLY, held: true },
      { tally: BROKEN, held: false },
    ],
    [{ row: 'net-partition', why: 'nft not found' }],
  )
  expect(read(text, 2)).toMatchObject({ LOST: '1+5', twice: '1', stuck: '1' })
  const [, first, second, left, last] = text.split('\n')
  expect(first).toMatch(/ held$/)
  expect(second).toMatch(/ BROKEN K1 K8$/)
  expect(left).toBe('net-partition  not run: nft not found')
  expect(last).toBe('2 rows in 2 min 0 s')
})
