import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { startRedis } from '../support/redis-server.js'
import { type Role, spawnChild } from './child-process.js'

/** How long a process that is done may take to be gone: what has nothing left to wait for needs no more than a moment. */
const MOMENT = 4_000

async function ends(role: Role, options: object, last: RegExp): Promise<string[]> {
  const child = spawnChild(role, options)
  await child.says(last)
  const done = performance.now()
  expect(await child.ends()).toBe(0)
  expect(performance.now() - done).toBeLessThan(MOMENT)
  await child.silent
  return child.lines
}

test.each(['memory:', 'redis'])(
  'a process that used a queue with everything it has and closed it ends by itself: %s',
  async (kind) => {
    await using server = await startRedis({ port: 'tcp' })
    const lines = await ends('whole', { store: kind === 'redis' ? server.url : kind, prefix: 'exit' }, /^left/)
    expect(lines).toEqual(['done 100', 'closed', 'left '])
    if (kind === 'redis') {
      const clients = await server.cli('CLIENT', 'LIST')
      expect(clients.trim().split('\n')).toHaveLength(1)
    }
  },
)

test('a process whose handler never returns ends all the same once the grace is over, its job back in the line', async () => {
  await using server = await startRedis({ port: 'tcp' })
  expect(await ends('deaf', { store: server.url, prefix: 'exit' }, /^closed/)).toEqual(['runs a', 'closed'])
  expect(await server.cli('LRANGE', 'exit:{trucks}:queued', '0', '-1')).toEqual(['a'])
  expect(await server.cli('EXISTS', 'exit:{trucks}:processing', 'exit:{trucks}:tries')).toBe(0)
  // It took its leave, in all three lanes.
  expect(await server.cli('HVALS', 'exit:{trucks}:steps')).toEqual(
    Array(3).fill(expect.stringMatching(/^\d+\|\d+\|\|\|$/)),
  )
})

test('a queue that was made and never used holds no process', async () => {
  expect(await ends('idle', { store: `redis://127.0.0.1:${await freePort()}`, prefix: 'exit' }, /^made/)).toEqual([
    'made',
  ])
})

test('await using is enough to end', async () => {
  await using server = await startRedis({ port: 'tcp' })
  expect(await ends('publisher', { store: server.url, prefix: 'exit' }, /^queued/)).toEqual(['queued'])
})

test('a process closes and ends also when its server has gone', async () => {
  await using server = await startRedis({ port: 'tcp' })
  const child = spawnChild('closes when told', { store: server.url, prefix: 'exit' })
  await child.says(/^ready$/)
  await server.kill()
  await child.says(/^suspended$/)
  child.tell('close')
  await child.says(/^closed$/)
  expect(await child.ends()).toBe(0)
})
