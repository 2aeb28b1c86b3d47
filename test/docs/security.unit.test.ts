import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../house/sources.js'
import { marked, rowsOf } from './pages.js'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const rows = rowsOf(marked('SECURITY.md', 'limits'))
const linked = (cell = ''): string => /\]\(([^)]+)\)/.exec(cell)?.[1] ?? ''

/** A number counts where a limit is set: a constant, an entry of the options, or what a check compares with. */
const SET = String.raw`(?:const [A-Z_]+ = (?:\{ all: )?|fallback: |most: |length > |\{1,|replyTimeout = )`

/** Of an option by its name: no other's number will do. */
const ofOption = (name: string | undefined, text: string): string =>
  name === undefined ? text : (new RegExp(`\\b${name}(?:: \\{| = )[\\s\\S]{0,80}`).exec(text)?.[0] ?? '')

test.each(rows.filter(([, , , where = '']) => linked(where) !== ''))(
  'SECURITY.md says of %s: %s, and so does the code',
  (what, limit = '', _, where) => {
    const number = (/[\d,]+/.exec(limit)?.[0] ?? '').replaceAll(',', '_')
    const text = ofOption(/, `(\w+)`$/.exec(what ?? '')?.[1], read(linked(where)))
    expect(text).toMatch(new RegExp(`${SET}${number}(?![\\d_])`))
  },
)

test.each(rows)('SECURITY.md names the test that shows the limit of %s', (...row) => {
  const title = (row[4] ?? '').replace(/^.*?\): /, '')
  expect(title.length).toBeGreaterThan(15)
  const text = read(linked(row[4]))
  expect(
    ["'", '"', '`', '%s '].some((quote) => text.includes(`${quote}${title}`)),
    'as a title, and not in passing',
  ).toBe(true)
})

test('a limit that no line sets is held by its test, with its own number', () => {
  const unset = rows.filter(([, , , where = '']) => linked(where) === '')
  expect(unset.map(([what]) => what)).toEqual(['a line of `logStats`'])
  for (const [, limit = '', , , shown] of unset) {
    expect(read(linked(shown))).toContain(`toBeLessThan(${/\d+/.exec(limit)?.[0]})`)
  }
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
