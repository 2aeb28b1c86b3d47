import { expect, test } from 'vitest'
import { durableServer, failureOf, queueAt } from './kit.js'

test('durability { replicas } is not taken on trust: who may not run INFO cannot see whether keys are evicted, and is told what to allow', async () => {
  const server = await durableServer({ args: ['--maxmemory-policy', 'allkeys-lru'] })
  await server.cli('ACL', 'SETUSER', 'driver', 'on', '>pass', '&*', '~*', '+@all', '-info')
  const url = server.url.replace('unix://', 'unix://driver:pass@')
  const queue = queueAt({ url }, { durability: { replicas: 1 } })
  for (const call of [() => queue.ready(), () => queue.publish('a')]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'NOT_DURABLE',
      message: 'durability { replicas } cannot be checked: this user may not run INFO: allow +info',
    })
  }
  expect(await server.cli('KEYS', '*')).toEqual([])
})
