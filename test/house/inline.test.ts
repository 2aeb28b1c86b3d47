import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inline, readScript, readScripts, render } from '../../lua/inline.mjs'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'convoy-lua-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const HEAD = '-- p: put IDs in.\n-- KEYS  a b\n-- KEYS  c\n-- FLAGS allow-oom no-cluster\n'
const write = (name: string, text: string): void => writeFileSync(join(dir, name), text)

test('a script loses whole-line comments and blank lines, and nothing else', () => {
  const text = "local s = 'x -- y' -- why\n\n  -- gone\n\treturn '--' .. s  \n"
  expect(readScript('p', `${HEAD}${text}`)).toEqual({
    name: 'p',
    keys: ['a', 'b', 'c'],
    plain: 2,
    flags: 'allow-oom,no-cluster',
    rights: [],
    text: "local s = 'x -- y' -- why\n\treturn '--' .. s",
  })
})

test('a fragment stands where it is first included, once, and with what it includes itself', () => {
  write('_one.lua', '-- One.\nlocal one = 1\n')
  write('_two.lua', '--- @include _one\nlocal two = one + 1\n')
  write('p.lua', `${HEAD}local a = KEYS[1]\n--- @include _two\n--- @include _one\nreturn two\n`)
  const scripts = readScripts(dir)
  expect(scripts.map(({ name }) => name)).toEqual(['p'])
  expect(scripts[0]?.text).toBe('local a = KEYS[1]\nlocal one = 1\nlocal two = one + 1\nreturn two')
})

test('a fragment that is spliced stands in each place', () => {
  write('_one.lua', '-- One.\none = one + 1\n')
  write('p.lua', `${HEAD}local one = #KEYS\n--- @splice _one\nif one > 1 then\n--- @splice _one\nend\n`)
  expect(readScripts(dir)[0]?.text).toBe('local one = #KEYS\none = one + 1\nif one > 1 then\none = one + 1\nend')
})

test('fragments that include each other are refused', () => {
  write('_one.lua', '--- @include _two\n')
  write('_two.lua', '--- @include _one\n')
  write('p.lua', `${HEAD}--- @include _one\n`)
  expect(() => readScripts(dir)).toThrow('_one includes itself')
})

test.each([
  ['an include that is indented', '  --- @include _one', 'not an include'],
  ['an include with two dashes', '-- @include _one', 'not an include'],
  ['a comment over lines', '--[[ a\nb ]]', 'long brackets'],
  ['a string over lines', 'local s = [==[\n-- kept?\n]==]', 'long brackets'],
])('%s is refused', (_, line, reason) => {
  expect(() => readScript('p', `${HEAD}${line}\n`)).toThrow(reason)
})

test('a flag that does not exist and a key named twice are refused', () => {
  expect(() => readScript('p', '-- p: x\n-- KEYS a\n-- FLAGS allow-oops\n')).toThrow('allow-oops')
  expect(() => readScript('p', '-- p: x\n-- KEYS a b\n-- KEYS a\n')).toThrow('a twice')
})

test('the module carries every script as it is, in the order of the names', async () => {
  const awkward = `return 'a\`b\${c}\\n' .. "'\\\\"`
  write('q.lua', `${HEAD.replace('-- p', '-- q')}return 1\n`)
  write('p.lua', `${HEAD}${awkward}\n`)
  write(
    'out.mjs',
    render(readScripts(dir))
      .replace(/^export (type|interface)[\s\S]*?\n\n/gm, '')
      .replace(': Readonly<Record<ScriptName, LuaScript>>', ''),
  )
  const { LUA } = (await import(join(dir, 'out.mjs'))) as { LUA: Record<string, { text: string }> }
  expect(Object.keys(LUA)).toEqual(['p', 'q'])
  expect(LUA['p']).toEqual({
    keys: ['a', 'b', 'c'],
    plain: 2,
    flags: 'allow-oom,no-cluster',
    rights: [],
    text: awkward,
  })
})

test('the module is written only when it changed', () => {
  write('p.lua', `${HEAD}return 1\n`)
  const out = join(dir, 'sub', 'out.ts')
  expect(inline(dir, out)).toBe(true)
  utimesSync(out, 1, 1)
  expect(inline(dir, out)).toBe(false)
  expect(statSync(out).mtimeMs).toBe(1_000)
  write('p.lua', `${HEAD}return 2\n`)
  expect(inline(dir, out)).toBe(true)
  expect(readFileSync(out, 'utf8')).toContain('return 2')
})
