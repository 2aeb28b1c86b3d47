import { type AuditReport, audit, type Kind } from '../../src/audit/index.js'
import type { Settlement, Store } from '../../src/store.js'
import type { World } from '../queue/kit.js'

export const PATIENCE = { timeout: 10_000 }
const LEASE = 30_000
const policy = { processing: 'discard' } as const
const ERROR = JSON.stringify({ message: 'flat tyre', attempt: 1 })

/** A worker of one's own: its next step, with everything filled in that does not matter. */
function hand(store: Store, worker: string) {
  let number = 0
  return (request: { claim?: number; settle?: Settlement[]; lease?: number }) => {
    const { claim = 0, settle = [], lease = LEASE } = request
    const rest = { lane: 0 as const, renew: [], started: [], slots: claim, leaving: false, keepFailed: 1_000 }
    return store.step({ worker, number: ++number, lease, settle, claim, ...rest }, PATIENCE)
  }
}

/** All IDs that are committed in a rich queue. */
export const COMMITTED: readonly string[] = ['delayed', 'owed', 'q1', 'q2', 'q3', 'revived', 'running', 'withdrawn']

/** A queue with an ID in every state there is, and something in every key. */
export async function rich(world: World) {
  const queue = world.queue()
  await queue.ready()
  const store = world.store()
  const step = hand(store, 'w1')
  const fail = async (id: string): Promise<void> => {
    await store.publish({ ids: [id], policy }, PATIENCE)
    const { token, ids } = await step({ claim: 1 })
    await step({ settle: [{ end: 'fail', token, ids: [...ids], errors: [ERROR] }] })
  }
  await fail('failed')
  await fail('revived')
  await queue.publish('delayed')
  await world.die()
  await world.lapse()
  await world.die()
  await world.lapse()
  await step({ claim: 1 })
  await queue.publishMany(['running', 'withdrawn', 'owed'])
  const held = await step({ claim: 3 })
  await queue.withdraw(['withdrawn', 'owed'])
  await queue.publish('owed')
  await queue.publishMany(['gone', 'q1', 'q2', 'q3', 'revived'])
  await queue.withdraw(['gone'])
  const sweep = { limit: 10, maxJams: 3, keepFailed: 1_000, lease: LEASE, jitter: 0, error: ERROR }
  await store.sweep({ ...sweep, guard: { id: 'guard', every: 1_000 } }, PATIENCE)
  return { queue, store, step, held }
}

export function kinds({ findings }: AuditReport): Kind[] {
  return findings.map(({ kind }) => kind).toSorted()
}

/** Lets all leases lapse and all delays end, and runs whatever there is; answers what ran, in order of name. */
export async function drain(world: World): Promise<string[]> {
  const store = world.store()
  const step = hand(store, 'drainer')
  const ran: string[] = []
  for (let turn = 0; turn < 6; turn++) {
    await world.lapse()
    await world.serverPasses(4 * LEASE)
    for (;;) {
      const { ids, token, more } = await step({ claim: 100 })
      if (ids.length === 0 && !more) break
      ran.push(...ids)
      if (ids.length > 0) await step({ settle: [{ end: 'done', token, ids: [...ids] }] })
    }
  }
  return ran.toSorted()
}

export { audit }
