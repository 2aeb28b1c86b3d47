import { Buffer } from 'node:buffer'
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { demo, folder } from './demo.js'

test('every file of a folder is hashed, whatever its name, and the exit code is 0', async () => {
  const deep = `${'d'.repeat(200)}/`.repeat(6)
  const dir = folder({ 'a.txt': 'a', 'b/c/d.txt': 'd', empty: '', 'line\nend': 'n', 'a:exp': 'x', [`${deep}e`]: 'e' })
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe])]), 'not UTF-8')
  symlinkSync('/', join(dir, 'everything'))
  const { code, output, row } = await demo([dir, '--publishers', '3', '--rounds', '4'])
  expect(output).toContain('✓ every file was hashed')
  expect(output).toContain('✓ no path ran more often than it was let in')
  expect(output).toContain('✓ 7 hashes confirmed by a second read')
  expect(output).toContain('2 under an ID derived from its path')
  expect(output).toContain('1 symbolic link')
  expect([row('files'), row('publishes'), row('absorbed') + row('queued')]).toEqual([7, 84, 84])
  expect([row('runs'), row('failed'), row('jammed')]).toEqual([row('queued'), 0, 0])
  expect(code).toBe(0)
})

test('a file that cannot be read is named with its reason, and the exit code is 1', async () => {
  const { code, output, row } = await demo([folder({ fine: '1', secret: '2' })], { plant: 'unreadable:secret' })
  expect(output).toContain('✗ 1 file not hashed')
  expect(output).toMatch(/secret: EACCES/)
  expect(row('failed')).toBeGreaterThan(0)
  expect(code).toBe(1)
})

test('a file that is removed after the walk is told, and is no failure', async () => {
  const { code, output } = await demo([folder({ fine: '1', brief: '2' })], { plant: 'vanish:brief' })
  expect(output).toContain('1 removed since')
  expect(output).toContain('✓ every file was hashed')
  expect(code).toBe(0)
})

test('a wrong hash is found by the second read, and the exit code is 1', async () => {
  const dir = folder({ 'file.txt': 'same size', 'not-file.txt': 'SAME SIZE' })
  for (const name of ['file.txt', 'not-file.txt']) utimesSync(join(dir, name), 1, 1)
  const { code, output } = await demo([dir], { plant: 'other:file.txt' })
  expect(output).toContain('✗ 1 hash confirmed by a second read')
  expect(output).toContain('file.txt: another hash')
  expect(code).toBe(1)
})

test('a folder without files is no success', async () => {
  const { code, output } = await demo([folder({})])
  expect(output).toContain('✗ there was no file to hash')
  expect(code).toBe(1)
})

test('the help tells every option and the exit codes', async () => {
  const { code, output } = await demo(['--help'])
  for (const word of [
    'DIR',
    '--workers',
    '--crash',
    '--concurrency',
    '--publishers',
    '--rounds',
    'Exit code',
    'REDIS_URL',
  ]) {
    expect(output).toContain(word)
  }
  expect(code).toBe(0)
})

test('a mistake on the command line is one line with a hint, and the exit code is 2', async () => {
  const { code, output } = await demo(['--concurency', '3'])
  expect(output).toBe(
    'hash-files: there is no option --concurency: did you mean --concurrency?\nTry npm start -- --help\n',
  )
  expect(code).toBe(2)
})

test('a store that is none is told, and the exit code is 2', async () => {
  const { code, output } = await demo([folder({ a: 'a' })], { store: 'http://user:secret@localhost' })
  expect(output).toContain('redis://')
  expect(output).not.toContain('secret')
  expect(code).toBe(2)
})
