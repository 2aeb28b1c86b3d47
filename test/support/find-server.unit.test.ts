import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findServer, NO_SERVER } from './find-server.mjs'

const dir = mkdtempSync(join(tmpdir(), 'convoy-path-'))
afterAll(() => rmSync(dir, { recursive: true }))

const program = (name: string): string => {
  const file = join(dir, name)
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

test('without a server the answer is the line that cures it', () => {
  expect(() => findServer({ PATH: dir })).toThrow(NO_SERVER)
  expect(NO_SERVER).toContain('apt-get install -y redis-server')
  expect(NO_SERVER).toContain('REDIS_SERVER_BIN')
  expect(NO_SERVER).toContain('npm run test:unit')
})

test('a server that was named is taken, and never replaced when it cannot be run', () => {
  const own = program('my-server')
  expect(findServer({ PATH: '', REDIS_SERVER_BIN: own })).toBe(own)
  const gone = join(dir, 'gone')
  expect(() => findServer({ PATH: dir, REDIS_SERVER_BIN: gone })).toThrow(gone)
})

test('redis-server is taken before valkey-server, and valkey-server when it is alone', () => {
  const valkey = program('valkey-server')
  expect(findServer({ PATH: dir })).toBe(valkey)
  const redis = program('redis-server')
  expect(findServer({ PATH: dir })).toBe(redis)
})
