import { onTestFinished, test } from 'vitest'
import { redisStore } from '../../src/index.js'
import type { Store } from '../../src/store.js'
import type { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'
import { freshName, serverHere } from './kit.js'

const PATIENCE = { timeout: 5_000 }

function storeAt(server: RedisServer, name: string): Store {
  const store = redisStore({ url: server.url })({ name, prefix: 'convoy', tell() {} })
  onTestFinished(() => store.close())
  return store
}

test('a wake token that comes when nobody waits any more is given back', async () => {
  const server = await serverHere()
  const name = freshName()
  const [waiting, publishing] = [storeAt(server, name), storeAt(server, name)]
  const over = new AbortController()
  const wait = waiting.awaitWork(60_000, over.signal)
  const blocked = async (): Promise<boolean> => (await server.cli('INFO', 'clients')).includes('blocked_clients:1\r\n')
  await until('the wait blocks', blocked)
  over.abort()
  await wait
  // Its BLPOP is still there, and takes what comes.
  await publishing.publish({ ids: ['a'], policy: { processing: 'discard' } }, PATIENCE)
  await until('the token is taken', async () => !(await blocked()))
  await until('the token is back', async () => (await server.cli('LLEN', `convoy:{${name}}:wake`)) === (1 as never))
})
