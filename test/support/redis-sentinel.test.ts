import { createSentinel } from 'redis'
import { expect, test } from 'vitest'
import { startSentinel } from './redis-sentinel.js'
import { ADMIN } from './redis-server.js'

test('sentinels name the master, and after its death the replica with what it held', async () => {
  await using group = await startSentinel()
  expect(await group.master()).toBe(group.first)
  const sentinelRootNodes = [...group.sentinelRootNodes]
  const client = createSentinel({ name: group.name, sentinelRootNodes, nodeClientOptions: ADMIN })
  client.on('error', () => {})
  await client.connect()
  await client.set('key', 'kept')
  expect(await group.first.cli('WAIT', 1, 0)).toBe(1)
  const now = await group.failOver()
  expect(now).toBe(group.second)
  expect(await now.cli('GET', 'key')).toBe('kept')
  expect(await client.get('key')).toBe('kept')
  await client.destroy()
})
