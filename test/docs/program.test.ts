import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROLES, rulesOf } from '../support/access.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { blocksOf, examplesOf } from './pages.js'
import { runProgram } from './reader.js'

const [program, output] = blocksOf('README.md')

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ port: 'tcp' })
})
afterAll(() => redis.stop())

test('the program in the README prints what the README says, in memory', async () => {
  expect(await runProgram(program?.code ?? '', 'memory:')).toBe(output?.code)
})

test('the program in the README prints what the README says, on Redis, and leaves no ID behind', async () => {
  expect(await runProgram(program?.code ?? '', redis.url)).toBe(output?.code)
  const kept = await redis.cli<string[]>('KEYS', '*')
  expect(kept.filter((key) => !/^convoy:\{monsterTrucks\}:(meta|totals|steps|wake|guard|marks)$/.test(key))).toEqual([])
})

test('a user with the rules of all roles of SECURITY.md can do all the program asks, and no more with other keys', async () => {
  await redis.cli('ACL', 'SETUSER', 'convoy', 'reset', ...ROLES.flatMap((role) => rulesOf(role).slice(1)))
  const url = `redis://convoy:secret@127.0.0.1:${redis.port}`
  expect(await runProgram(program?.code ?? '', url)).toBe(output?.code)
  const denied = async (...command: string[]): Promise<string> =>
    String(await redis.cli('ACL', 'DRYRUN', 'convoy', ...command))
  expect(await denied('GET', 'another')).toMatch(/no permissions/i)
  expect(await denied('FLUSHALL')).toMatch(/no permissions/i)
  expect(await denied('KEYS', '*')).toMatch(/no permissions/i)
})

test.each(examplesOf('README.md'))(
  'the example under "$title" prints what the README says, on Redis',
  async (example) => {
    expect(await runProgram(example.code, redis.url, 'ts')).toBe(example.output)
  },
)
