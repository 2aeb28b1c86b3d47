import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/events-log/index.js'
import type { Queue } from '../../src/index.js'
import { waitFor } from '../../src/wait/index.js'
import { failureOf, freshName, proxyHere, queueAt, serverHere } from '../connections/kit.js'
import { ALL_RULES, DATABASE_RULES, rulesOf } from '../support/access.js'
import { Latch } from '../support/latch.js'
import { urlAs } from '../support/users.js'

// Channels know no database: who listens asks which one it is in, and tells the scripts. One that was wrong would have them
// send where nobody else listens.

const RULES = [...ALL_RULES, ...DATABASE_RULES]

/** Resolves once it listens, with a latch that opens when this ID is told. */
async function ears(queue: Queue, id: string): Promise<Latch> {
  const latch = new Latch()
  const { close } = await listen(queue, { queued: ({ ids }) => ids.includes(id) && latch.open() })
  onTestFinished(close)
  return latch
}

test('a listener that may not ask which database it is in is refused, and listens once it may', async () => {
  const server = await serverHere({ rules: RULES })
  await server.cli('ACL', 'SETUSER', 'lame', ...rulesOf('listener'), ...DATABASE_RULES, '-client|info')
  const options = { name: freshName(), keepResult: 60_000 }
  const queue = queueAt({ url: `${urlAs(server.url, 'lame')}?db=3` }, options)
  const refused = { code: 'AUTH_FAILED', message: expect.stringContaining("'client|info'") }
  expect(await failureOf(listen(queue, {}))).toMatchObject(refused)
  expect(await failureOf(waitFor(queue, 'a'))).toMatchObject(refused)
  await server.cli('ACL', 'SETUSER', 'lame', '+client|info')
  const told = await ears(queue, 'a')
  await queueAt({ url: `${server.url}?db=3` }, options).publish('a')
  await told.wait
})

test('a listener whose connection is cut before it was told asks again', async () => {
  const server = await serverHere({ port: 'tcp', rules: RULES })
  const proxy = await proxyHere(server)
  const name = freshName()
  const queue = queueAt({ url: `${server.url}/3` }, { name })
  const other = await ears(queue, 'a')
  const cut = proxy.lose('CLIENT')
  const told = await ears(queueAt({ url: `${proxy.url}/3` }, { name }), 'a')
  expect(await cut).toEqual(['CLIENT', 'INFO'])
  await queue.publish('a')
  await Promise.all([told.wait, other.wait])
})
