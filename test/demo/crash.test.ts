import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALL_RULES, DATABASE_RULES } from '../support/access.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { demo, folder, type Ran, type Settings } from './demo.js'

/** It clears up after itself by hand. */
const RULES = [...ALL_RULES, ...DATABASE_RULES, '+scan']

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ port: 'tcp', password: 'open-sesame', rules: RULES })
})
afterAll(() => redis.stop())

let database = 0

/** A run in a database of its own: nothing of it is left on the server, whatever happened. */
async function run(args: readonly string[], settings: Omit<Settings, 'store'> = {}): Promise<Ran> {
  const store = `${redis.url}/${++database}`
  const ran = await demo(args, { store, ...settings })
  expect(await redis.cli('INFO', 'keyspace')).not.toContain(`db${database}:`)
  expect(ran.output).not.toContain('open-sesame')
  return ran
}

test('on Redis a worker of this process hashes everything', async () => {
  const { code, output, row } = await run([folder({}, 50)])
  expect(output).toContain('✓ 50 hashes confirmed by a second read')
  expect([code, row('files'), row('failed'), row('jammed')]).toEqual([0, 50, 0, 0])
})

test('several processes share the work', async () => {
  const { code, output, row } = await run([folder({}, 300), '--workers', '2'])
  expect(output).toContain('2 workers of 16')
  expect([code, row('files'), row('jammed')]).toEqual([0, 300, 0])
})

test('a worker is killed while it holds jobs: the guard recovers every one of them, and all is hashed', async () => {
  const { code, output, row } = await run([folder({}, 300), '--workers', '3', '--crash'])
  const [, held = ''] = /SIGKILL to worker 2 \(pid \d+\), which holds (\d+) jobs?/.exec(output) ?? []
  expect(Number(held)).toBeGreaterThan(0)
  expect(output).toMatch(/jam guard: recovered more\/\d+\.txt/)
  expect(output).toMatch(/worker 2, killed: \d/)
  expect(output).toMatch(
    new RegExp(`✓ worker 2 died holding ${held} jobs?: the jam guard recovered ${held}\\n.*hashed by worker [13]`),
  )
  expect(row('jammed')).toBeGreaterThanOrEqual(Number(held))
  expect(output).toContain('✓ every file was hashed')
  expect(output).toContain('✓ no path ran more often than it was let in')
  expect(code).toBe(0)
}, 60_000)

test('a file that cannot be read fails the run of other processes too', async () => {
  const { code, output } = await run([folder({ secret: '' }, 20), '--workers', '2'], { plant: 'unreadable:secret' })
  expect(output).toMatch(/✗ 1 file not hashed\n +secret: EACCES/)
  expect(code).toBe(1)
})

test('a worker that ends as it starts ends the run, and the exit code is 1', async () => {
  const { code, output } = await run([folder({}, 20), '--workers', '3'], { plant: 'fall:2.ledger' })
  expect(output).toContain('worker 2 ended with 3')
  expect(code).toBe(1)
})

test('Ctrl-C ends it within reason, without a table, and the exit code is 130', async () => {
  const args = [folder({}, 300), '--workers', '2', '--rounds', '1000']
  const { code, output } = await run(args, { interruptAt: /[1-9]\d* processing/ })
  expect(output).not.toContain('✓')
  expect(output).not.toContain('Error')
  expect(code).toBe(130)
})

test('a wrong password is one line, and the exit code is 1', async () => {
  const store = redis.url.replace('open-sesame', 'guess-work')
  const { code, output } = await demo([folder({ a: '' })], { store })
  expect(output).toMatch(/^hash-files: AUTH_FAILED: [^\n]*\n$/)
  expect(output).not.toContain('guess-work')
  expect(code).toBe(1)
})
