import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rows } from '../chaos/rows.js'
import { type Line, table } from '../chaos/table.js'
import { ROOT } from '../house/sources.js'
import { MUTANTS } from './all.js'
import { plant } from './bench.js'
import { readPlay, readReport } from './outcome.js'

// `npm run mutants` plants the bugs and shows who catches each; here stands what can be told without running them.

test.each(MUTANTS)('$where: $bug: can be planted in the code as it is', ({ edits }) => {
  const texts = new Map<string, string>()
  for (const one of edits) {
    const text = texts.get(one.file) ?? readFileSync(join(ROOT, one.file), 'utf8')
    texts.set(one.file, plant(text, one))
    expect(texts.get(one.file)).not.toBe(text)
  }
})

test('no bug is planted in the same place twice under another name', () => {
  const names = MUTANTS.map(({ bug, where }) => `${where}: ${bug}`)
  expect(new Set(names).size).toBe(names.length)
  expect(MUTANTS.length).toBeGreaterThanOrEqual(12)
})

test('each check is a file that there is, and those of the fault matrix are rows of it, six bugs and more', () => {
  const checks = MUTANTS.map(({ check }) => check)
  expect(checks.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([])
  const plays = checks.filter(({ project }) => project === 'chaos').map(({ tests }) => tests)
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(plays))
  expect(plays.length).toBeGreaterThanOrEqual(6)
})

test('a text that is not there, or there twice, is not planted', () => {
  const one = { file: 'a.lua', find: 'x == y', put: 'true' }
  expect(plant('if x == y then', one)).toBe('if true then')
  expect(() => plant('if x == z then', one)).toThrow(/a\.lua has this 0 times/)
  expect(() => plant('x == y or x == y', one)).toThrow(/2 times/)
  expect(plant('a', { file: 'a', find: 'a', put: '$&$1' })).toBe('$&$1')
})

const report = (passed: number, ...statuses: string[]): string =>
  JSON.stringify({
    numPassedTests: passed,
    testResults: [
      {
        message: 'cannot load',
        assertionResults: statuses.map((status) => ({
          status,
          title: 'it holds',
          failureMessages: ['Error: it does not'],
        })),
      },
    ],
  })

test('only a test that failed is red: what could not be run has caught nothing', () => {
  expect(readReport(report(1, 'passed', 'failed'), 1)).toEqual({ kind: 'red', test: 'it holds', why: 'it does not' })
  expect(readReport(report(1, 'passed'), 0)).toEqual({ kind: 'green' })
  expect(readReport(report(0), 1)).toEqual({ kind: 'broken', why: 'cannot load' })
  expect(readReport(report(0, 'skipped'), 0)).toEqual({ kind: 'broken', why: 'no test ran' })
  expect(readReport('', null)).toMatchObject({ kind: 'broken' })
})

/** What a run of the fault matrix prints of one row. */
function printed(rules: readonly ('K1' | 'K8')[], troubles: readonly string[] = []): string {
  const breaches = rules.map((rule) => ({ rule, what: `a breach of ${rule}` }))
  const line: Line = {
    held: false,
    tally: {
      ...{ row: 'calm', seed: '7', rounds: 1, faults: 0, kills: 0, prefixes: 0, undone: 0, transactions: 9 },
      ...{ troubles, notes: [], seconds: { 'set-up': 1, rounds: 1, drain: 1, check: 1 } },
      findings: {
        ...{ breaches, accepted: 9, runs: 9, delayed: 0, reruns: 0, retried: 0, jammed: 0, lost: 0, repeated: 0 },
        ...{ unknown: 0, refused: 0, withinWindow: 0, recoveries: [], resumed: 0, cutShort: 0, looks: 9, faults: 0 },
      },
    },
  }
  return [
    ...['seed 7', 'calm: BROKEN in 4 s', ...troubles.map((text) => `  ${text}`)],
    ...breaches.map(({ rule, what }) => `  ${rule}: ${what}`),
    `\n${table([line], [])}`,
  ].join('\n')
}

test('a row is red by its rules: one that broke off, was not run, or met no fault has caught nothing', () => {
  expect(readPlay(printed(['K8', 'K1', 'K8']), 1)).toEqual({
    ...{ kind: 'red', test: 'K8 K1', why: 'a breach of K8' },
  })
  expect(readPlay('calm: held in 4 s', 0)).toEqual({ kind: 'green' })
  const broken = (text: string, code: number | null): string | undefined => {
    const outcome = readPlay(text, code)
    return outcome.kind === 'broken' ? outcome.why : undefined
  }
  expect(broken(printed(['K8'], ['the row broke: Error: not over']), 1)).toBe('the row broke: Error: not over')
  expect(broken(printed([], ['the fault did not bite: no claim was lost']), 1)).toMatch(/^the fault did not bite/)
  const toothless = printed([], ['the fault did not bite: no claim was lost'])
  expect(readPlay(toothless, 1, 'no claim was lost')).toEqual({
    ...{ kind: 'red', test: 'the fault did not bite', why: 'no claim was lost' },
  })
  expect(readPlay(toothless, 1, 'no call was repeated').kind).toBe('broken')
  expect(broken('net-partition: NOT RUN: nft not found', 1)).toBe('net-partition: NOT RUN: nft not found')
  expect(broken(printed(['K1']), null)).toMatch(/exit code null/)
  expect(broken('', 2)).toMatch(/exit code 2/)
})
