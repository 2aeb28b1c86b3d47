import { expect, test } from 'vitest'
import { readRights } from '../../lua/rights.mjs'
import { LUA } from '../../src/redis/lua.generated.js'
import { ROLES } from '../../src/redis/rights.js'
import { sources } from './sources.js'

const read = (text: string): string[] => readRights('p.lua', text, ['queued', 'wake', 'failed'])

test.each([
  ['a command on a key', "redis.call('RPUSH', queued, unpack(ids))", ['RPUSH queued']],
  ['two on one', "redis.call('RPUSH', wake, '1') redis.call('RPUSH', queued, id)", ['RPUSH queued wake']],
  ['one within another', "redis.call('HSCAN', failed, redis.call('HGET', wake, 'x'))", ['HGET wake', 'HSCAN failed']],
  ['one that takes many keys', "if redis.call('EXISTS', queued, failed) > 0 then", ['EXISTS failed queued']],
  ['one whose key is a field', "redis.call('ZADD', kept.failed, 1, id)", ['ZADD failed']],
  ['a check of several keys', "sound('LLEN', queued, wake)", ['LLEN queued wake']],
  ['one on who knows what', "redis.call('ZCARD', key)", ['ZCARD failed queued wake']],
  ['one over lines', "redis.call('HSET', wake,\n  'a', 1)", ['HSET wake']],
  ['the clock', 'local ms = now() / 1000', ['TIME']],
  ['none at all', 'return KEYS[1]', []],
])('what a script runs is read off its text: %s', (_, text, rights) => {
  expect(read(text)).toEqual(rights)
})

test('a command that is no word in the text is refused, so that none escapes', () => {
  for (const text of [
    'redis.call(command, queued)',
    'redis.call("GET", queued)',
    'redis.pcall(x)',
    'sound(how, queued)',
  ])
    expect(() => read(text), text).toThrow('p.lua: a command is to be spelled out')
  expect(read('local function sound(size, ...) redis.call(size, key) end')).toEqual([])
})

test('every script belongs to a role', () => {
  const known = new Set(Object.values(ROLES).flat())
  expect(Object.keys(LUA).filter((name) => !known.has(name as never))).toEqual([])
})

test('a script that writes nothing says so, and a dashboard runs no other', () => {
  for (const name of ROLES.dashboard) expect(LUA[name].flags, name).toBe('no-writes')
})

test('beside its scripts the library sends these commands and no other', () => {
  const sent = sources('src', '.ts')
    .filter(({ path }) => path.startsWith('redis/') && !path.endsWith('.generated.ts'))
    .flatMap(({ text }) =>
      [...text.matchAll(/\['([A-Z]+)', (?:'([A-Z]+)')?/g)].map((found) => found.slice(1).join(' ').trim()),
    )
  // EXISTS asks whether a borrowed connection lives, and goes before INFO: a refusal is an answer, too. CONFIG GET, WAIT
  // and WAITAOF are for those alone who ask for durability; CLIENT INFO and SET are the listeners'.
  expect([...new Set(sent)].sort()).toEqual([
    'BLPOP',
    'CLIENT INFO',
    'CONFIG GET',
    'EXISTS',
    'INFO',
    'SCRIPT LOAD',
    'SET',
    'WAIT',
    'WAITAOF',
  ])
})
