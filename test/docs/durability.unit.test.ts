import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rows as chaosRows } from '../chaos/rows.js'
import { ROOT } from '../house/sources.js'
import { marked, readPage, rowsOf } from './pages.js'

// The README's table of what each durability gives: no cell without a name, and no name without its test.

const PAGE = 'README.md'
const SECTION = 'How far an answer can be trusted'
const PROMISES = ['`queued` means', '`done` means', 'can be lost', 'can run twice'] as const

const text = marked(PAGE, 'durability')
const modes = rowsOf(text)
const cells = modes.flatMap(([mode = '', ...said]) => PROMISES.map((of, i) => [mode, of, said[i] ?? ''] as const))
/** The list below the table: number, title, file. */
const notes = [...text.matchAll(/^(\d+)\. \[[^\]]+\]\(([^)]+)\): (.+)$/gm)].map(
  ([, number = '', file = '', title = '']) => [number, title, file] as const,
)

/** The rows of the fault matrix that a text names. */
function rowsIn(said: string): string[] {
  const lists = [...said.matchAll(/\brows? ((?:(?:, | and )?`[^`]+`)+)/g)].map(([, list = '']) => list)
  return lists.flatMap((list) => [...list.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

/** The numbers in brackets: `[1]`, `[2, 3]`. */
function numbersIn(said: string): string[] {
  return [...said.matchAll(/\[(\d+(?:, \d+)*)\]/g)].flatMap(([, list = '']) => list.split(', '))
}

/** Whether a file calls something with this very title, or with one that goes on with what a machine lacks. */
function holds(file: string, title: string): boolean {
  const path = join(ROOT, file)
  if (!/^test\/.*\.test\.ts$/.test(file) || !existsSync(path)) return false
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`\\(\\s*(?:(['"\`])${literal}\\1|\`${literal}\\$\\{)`).test(readFileSync(path, 'utf8'))
}

test('the README has a line for each durability there is, and says of each what it promises', () => {
  expect(text).toContain(`| ${PROMISES.join(' | ')} |\n`)
  expect(modes.map(([mode = '']) => mode.split(',')[0])).toEqual([
    "`'memory'`",
    "`'disk'`",
    "`'disk'`",
    '`{ replicas: n }`',
  ])
  for (const mode of modes) expect(mode).toHaveLength(1 + PROMISES.length)
})

test.each(cells)('the README names what shows of %s: %s', (_, __, cell) => {
  expect([...rowsIn(cell), ...numbersIn(cell)]).not.toEqual([])
})

test('every row that is named there is one of the fault matrix', () => {
  const [, below = ''] = readPage(PAGE).split(`\n## ${SECTION}\n`)
  const named = rowsIn(below.split(/^## /m)[0] ?? '')
  expect(named.length).toBeGreaterThan(cells.length / 2)
  const known = chaosRows.map(({ name }) => name)
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

test('every number has its test, and every test a number', () => {
  const used = [...new Set(cells.flatMap(([, , cell]) => numbersIn(cell)))].map(Number).sort((a, b) => a - b)
  expect(used.length).toBeGreaterThan(cells.length / 2)
  expect(notes.map(([number]) => Number(number))).toEqual(used)
})

test.each(notes)('the test that is number %s there, "%s", is in %s', (_, title, file) => {
  expect(holds(file, title), `${file} has no test of this title`).toBe(true)
})
