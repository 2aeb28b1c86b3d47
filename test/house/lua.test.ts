import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readScripts, render } from '../../lua/inline.mjs'
import { KEYS } from '../../src/redis/keys.js'
import { scriptFaults } from './lua-rules.js'
import { ROOT, sources } from './sources.js'

const PARTS = Object.keys(KEYS)
const files = sources('lua', '.lua')
const fragments = new Map(files.map(({ path, text }) => [path.replace(/\.lua$/, ''), text]))
const scripts = files.filter(({ path }) => !path.startsWith('_'))

test('every script says what it is, and says the truth', () => {
  expect(scripts.length).toBeGreaterThan(0)
  expect(scripts.flatMap((file) => scriptFaults(file, PARTS, fragments))).toEqual([])
})

test('every fragment says what it is, and is used', () => {
  const all = files.map(({ text }) => text).join('\n')
  for (const { path, text } of files.filter((file) => file.path.startsWith('_'))) {
    expect(text, `${path} opens with a comment`).toMatch(/^(?:--- @include .*\n)*-- \S/)
    expect(all, `${path} is included`).toMatch(new RegExp(`^--- @(include|splice) ${path.replace(/\.lua$/, '')}$`, 'm'))
  }
})

test('every key of the table is used by a script', () => {
  const used = new Set(readScripts(join(ROOT, 'lua')).flatMap(({ keys }) => keys))
  expect(PARTS.filter((part) => !used.has(part))).toEqual([])
})

test('the generated module is what the build would write now', () => {
  const written = readFileSync(join(ROOT, 'src/redis/lua.generated.ts'), 'utf8')
  expect(written === render(readScripts(join(ROOT, 'lua'))), 'stale: npm run build').toBe(true)
})

const HEAD =
  '-- sweep: return jobs to the line.\n-- KEYS  processing lease\n-- KEYS  wake\n-- ARGV  limit\n-- GIVES ID\n'
const LOCALS = 'local processing, lease, wake = unpack(KEYS)\n'
const faults = (text: string): string[] => scriptFaults({ path: 'sweep.lua', text }, ['processing', 'lease', 'wake'])

test('a sound script has no fault, however its locals are laid out', () => {
  expect(faults(`${HEAD}${LOCALS}return ARGV[1]\n`)).toEqual([])
  const two = 'local processing, lease = unpack(KEYS)\nlocal wake =\n  unpack(KEYS, 3)\n'
  expect(faults(`${HEAD}${two}return ARGV[1]\n`)).toEqual([])
  expect(faults(`${HEAD}local processing = unpack(KEYS)\nfor i, key in ipairs(KEYS) do x(ARGV[i], key) end\n`)).toEqual(
    [],
  )
})

test.each([
  ['no header', `${LOCALS}return ARGV[1]`, 'line 1'],
  ['the name of another file', `${HEAD}${LOCALS}return ARGV[1]`.replace('-- sweep', '-- step'), 'names it step'],
  ['no KEYS', `-- sweep: x\n-- ARGV a\n-- GIVES b\nreturn ARGV[1]`, 'no "-- KEYS'],
  ['no GIVES', `${HEAD.replace('-- GIVES ID\n', '')}${LOCALS}return ARGV[1]`, 'no GIVES'],
  ['no ARGV in the header', `${HEAD.replace('-- ARGV  limit\n', '')}${LOCALS}return ARGV[1]`, 'ARGV'],
  ['an ARGV that is not read', `${HEAD}${LOCALS}return 1`, 'ARGV'],
  ['a key outside the table', `${HEAD}${LOCALS}return ARGV[1]`.replaceAll('wake', 'woke'), 'not in the key table'],
  [
    'locals in another order',
    `${HEAD}${LOCALS.replace('processing, lease', 'lease, processing')}return ARGV[1]`,
    'locals are',
  ],
  ['a local too few', `${HEAD}local processing, lease = unpack(KEYS)\nreturn ARGV[1]`, 'locals are'],
  [
    'a place left out',
    `${HEAD}local processing, lease = unpack(KEYS)\nlocal wake = unpack(KEYS, 4)\nreturn ARGV[1]`,
    'take KEYS from 4 on',
  ],
  ['a key taken by its place', `${HEAD}${LOCALS}return redis.call('GET', KEYS[2], ARGV[1])`, 'beside the lines'],
  ['a fragment that is not there', `${HEAD}${LOCALS}--- @include _gone\nreturn ARGV[1]`, 'no fragment'],
])('a script with %s is found', (_, text, reason) => {
  expect(faults(text).join('\n')).toContain(reason)
})
