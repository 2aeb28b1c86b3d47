import { expect, test } from 'vitest'
import { Queue } from '../../src/queue.js'
import { VERDICTS } from '../../src/verdict.js'
import { accessLines, usualLines } from './access.js'
import { marked, rowsOf, writeMarked } from './pages.js'
import { errorsTable, eventsTable, keysTable, optionsTable, scriptHeads } from './tables.js'

// Like a snapshot: `UPDATE_TABLES=1 npx vitest run test/docs` writes what the code says, a reader of the diff judges it.
test.each([
  ['README.md', 'options', optionsTable],
  ['README.md', 'errors', errorsTable],
  ['README.md', 'events', eventsTable],
  ['README.md', 'keys', keysTable],
  ['lua/README.md', 'scripts', scriptHeads],
  ['README.md', 'access', usualLines],
  ['SECURITY.md', 'access', accessLines],
])('%s says of the %s what the code says', (page, name, table) => {
  const now = table()
  expect(now.split('\n').length).toBeGreaterThan(8)
  if (process.env['UPDATE_TABLES']) writeMarked(page, name, now)
  expect(marked(page, name), 'stale: UPDATE_TABLES=1 npx vitest run test/docs').toBe(now)
})

test('the README tells of every verdict there is, and of no other', () => {
  const told = rowsOf(marked('README.md', 'verdicts')).map(([, outcome, was, guaranteed]) =>
    [outcome, was, guaranteed].join(),
  )
  const known = Object.values(VERDICTS).map(({ outcome, was, guaranteed }) =>
    [outcome, was, guaranteed].map((x) => `\`${x}\``).join(),
  )
  expect(told.sort()).toEqual(known.sort())
})

test('the README tells of every public verb of a queue, and of no other', () => {
  const told = rowsOf(marked('README.md', 'verbs')).map(([call = '']) => /^`(\w+)/.exec(call)?.[1])
  const verbs = Object.getOwnPropertyNames(Queue.prototype).filter((name) => name !== 'constructor')
  expect(told.sort()).toEqual([...verbs, 'name'].sort())
})
