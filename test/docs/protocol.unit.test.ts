import { expect, test } from 'vitest'
import { KEYS } from '../../src/redis/keys.js'
import { LUA } from '../../src/redis/lua.generated.js'
import { LAYOUT } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { sources } from '../house/sources.js'
import { marked, readPage, rowsOf } from './pages.js'

const page = 'lua/README.md'

test('the protocol names every script and every part of one', () => {
  const heads = marked(page, 'scripts')
  for (const name of Object.keys(LUA)) expect(heads).toContain(`\n${name}: `)
  const fragments = sources('lua', '.lua').filter(({ path }) => path.startsWith('_'))
  for (const { path } of fragments) expect(readPage(page)).toContain(`\`${path.replace('.lua', '')}\``)
})

test('the protocol names every key', () => {
  const words = new Set(marked(page, 'scripts').split(/\s+/))
  expect(Object.keys(KEYS).filter((part) => !words.has(part))).toEqual([])
})

test('the protocol tells of every verdict letter, and of no other', () => {
  const told = rowsOf(marked(page, 'letters')).map(([letter, outcome, met = '']) =>
    [letter, outcome, met.split(/[:,]/)[0]].join(),
  )
  const known = Object.entries(VERDICTS).map(([letter, { outcome, was }]) => [`\`${letter}\``, outcome, was].join())
  expect(told.sort()).toEqual(known.sort())
})

test('the protocol tells of the layout that is written', () => {
  expect(readPage(page)).toContain(`Layout version: ${LAYOUT}.`)
})
