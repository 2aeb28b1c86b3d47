import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../house/sources.js'
import { MUTANTS } from './all.js'
import { plant, readReport } from './bench.js'

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
