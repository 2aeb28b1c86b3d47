import { expect, test } from 'vitest'
import { blind } from './blind.js'
import { check } from './check.js'
import { Story } from './story.js'

const ALLOW = { exact: true, expiries: false, rollback: false, recovery: 3_000, lease: 1_500 }

/** What is said of a row that nothing went wrong in. */
async function said({ looks = 1, prefixes = 0, transactions = 9, aof = 'folder', fault = false }): Promise<string[]> {
  const story = new Story()
  for (let i = 0; i < looks; i++) story.note('harness', { op: 'look', phase: 'note', twice: [], astray: [] })
  if (fault) story.fault('cut', 100)
  const findings = await check(story.entries(), ALLOW)
  return [...blind({ findings, prefixes, transactions }, aof === '' ? {} : { aof })]
}

test('a row that was looked at and replayed is not blind', async () => {
  expect(await said({})).toEqual([])
  expect(await said({ aof: '', transactions: 0 })).toEqual([])
})

test.each([
  ['nobody looked', { looks: 0 }],
  ['nobody looked', { looks: 15, prefixes: 15 }],
  ['nothing was replayed', { transactions: 0 }],
  ['no worker was seen to resume', { fault: true }],
])('%s: %j', async (what, row) => {
  expect(await said(row)).toEqual([what])
})
