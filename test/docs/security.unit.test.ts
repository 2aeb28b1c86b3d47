import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../house/sources.js'
import { marked, rowsOf } from './pages.js'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const rows = rowsOf(marked('SECURITY.md', 'limits'))
const linked = (cell = ''): string => /\]\(([^)]+)\)/.exec(cell)?.[1] ?? ''

test.each(rows)('SECURITY.md says of %s: %s, and so does the code', (_, limit = '', __, where) => {
  const number = (/[\d,]+/.exec(limit)?.[0] ?? '').replaceAll(',', '_')
  expect(read(linked(where))).toMatch(new RegExp(`(?<![\\d_])${number}(?![\\d_])`))
})

test.each(rows)('SECURITY.md names the test that shows the limit of %s', (...row) => {
  const title = (row[4] ?? '').replace(/^.*?\): /, '')
  expect(title.length).toBeGreaterThan(15)
  expect(read(linked(row[4]))).toContain(title)
})

test('there is a limit for an ID, a name, a batch, an error and a line of the log', () => {
  expect(rows.length).toBeGreaterThan(9)
  for (const what of ['an ID', 'a name', 'a batch', 'the error kept', 'a line of']) {
    expect(
      rows.filter(([cell]) => cell?.startsWith(what)),
      what,
    ).not.toEqual([])
  }
})

test('nothing that an application installs with this package runs a script when it is installed', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Record<string, unknown>> }
  const installed = Object.entries(packages).filter(([path, entry]) => path !== '' && entry['dev'] !== true)
  expect(installed.length).toBeGreaterThan(2)
  expect(installed.filter(([, entry]) => entry['hasInstallScript'] === true)).toEqual([])
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([])
})
