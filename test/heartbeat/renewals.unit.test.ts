import { expect, onTestFinished, test } from 'vitest'
import { ENDS, RENEWED } from '../../src/heartbeat/orders.js'
import { Renewals } from '../../src/heartbeat/renewals.js'
import { memoryStore } from '../../src/index.js'
import type { Store } from '../../src/store.js'

const PATIENCE = { timeout: 1_000 }
const LEASE = 10_000

function serverOf(): Store {
  const store = memoryStore()({ name: 'a', prefix: 'convoy', tell: () => {} })
  onTestFinished(() => store.close())
  return store
}

/** A worker that holds these on its server, and the thread that renews them on a server that is the same, or is not. */
async function scene(ids: readonly string[], same: boolean) {
  const server = serverOf()
  await server.publish({ ids, policy: { processing: 'discard' } }, PATIENCE)
  const step = { settle: [], renew: [], started: [], leaving: false, keepFailed: 0, slots: 10 }
  const claim = { worker: 'w', number: 1, lane: 0, lease: LEASE, claim: 10, ...step } as const
  const { token } = await server.step(claim, PATIENCE)
  const shared = new BigInt64Array(new SharedArrayBuffer(32))
  const renewals = new Renewals({ store: same ? server : serverOf(), worker: 'thread', lease: LEASE, shared })
  renewals.take({ held: { token, ids }, ended: [] })
  const end = (): bigint => Atomics.add(shared, ENDS, 1n)
  const settled = (some: readonly string[], number: number): Promise<unknown> => {
    const settle = [{ token, ids: some, end: 'done' as const }]
    return server.step({ ...claim, number, claim: 0, settle }, PATIENCE)
  }
  return { renewals, token, end, settled, renewed: () => Atomics.load(shared, RENEWED) > 0n }
}

test('what is held is renewed, and what another has ended is forgotten without a word', async () => {
  const { renewals, settled, renewed } = await scene(['a', 'b'], true)
  await settled(['a'], 2)
  await renewals.renew()
  expect([renewed(), renewals.size]).toEqual([true, 1])
  await settled(['b'], 3)
  await renewals.renew()
  expect(renewals.size).toBe(0)
})

test('a server that knows none of it has renewed nothing, and is told, once', async () => {
  const { renewals, token, renewed } = await scene(['a', 'b'], false)
  await expect(renewals.renew()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(renewed()).toBe(false)
  renewals.take({ held: { token, ids: ['a'] }, ended: [] })
  await renewals.renew()
  expect(renewed()).toBe(false)
})

test('what the worker has ended, and had no time to tell, is no reason to tell', async () => {
  const { renewals, token, end, settled, renewed } = await scene(['a'], true)
  end()
  await settled(['a'], 2)
  await renewals.renew()
  expect(renewed()).toBe(false)
  renewals.take({ ended: [['a', token]] })
  expect(renewals.size).toBe(0)
})
