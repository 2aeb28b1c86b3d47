import { type AuditReport, audit, type Kind } from '../../src/audit/index.js'
import type { Traits } from '../../src/policy.js'
import type { StepRequest } from '../../src/step.js'
import type { Store } from '../../src/store.js'
import type { World } from '../queue/kit.js'

export const PATIENCE = { timeout: 10_000 }
const LEASE = 30_000
const DAY = 86_400_000
const policy = { processing: 'discard' } as const
const ERROR = JSON.stringify({ message: 'flat tyre', attempt: 1 })

/** A worker of one's own: its next step, with everything filled in that does not matter. */
function hand(store: Store, worker: string) {
  let number = 0
  return (request: Pick<Partial<StepRequest>, 'claim' | 'settle' | 'lease' | 'policy'>) => {
    const { claim = 0, settle = [], lease = LEASE, policy: limits = {} } = request
    const rest = {
      policy: limits,
      lane: 0 as const,
      renew: [],
      started: [],
      slots: claim,
      leaving: false,
      keepFailed: 1_000,
    }
    return store.step({ worker, number: ++number, lease, settle, claim, ...rest }, PATIENCE)
  }
}

/** All IDs that are committed in a rich queue. */
export const COMMITTED: readonly string[] = [
  'debounced',
  'delayed',
  'owed',
  'q1',
  'q2',
  'q3',
  'raised',
  'revived',
  'running',
  'withdrawn',
]

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
  await store.control({ order: 'journal', keep: 100 }, PATIENCE)
  await store.control({ order: 'schedule', id: 'nightly', text: '{}', slot: 0 }, PATIENCE)
  await store.publish({ ids: ['done'], policy }, PATIENCE)
  const { token } = await step({ claim: 1 })
  const results = [{ text: '"delivered"', ttl: DAY }]
  await step({ settle: [{ end: 'done', token, ids: ['done'], results }], policy: { remember: DAY } })
  await fail('failed')
  await fail('revived')
  await queue.publish('delayed')
  await world.die()
  await world.lapse()
  await world.die()
  await world.lapse()
  await step({ claim: 1 })
  await queue.publishMany(['running', 'withdrawn', 'owed'])
  // One more than there is: who has its hands full is told of no time, and the alarm would be gone.
  const held = await step({ claim: 4 })
  await store.report({ id: 'running', token: held.token, progress: '0.5' }, PATIENCE)
  await queue.withdraw(['withdrawn', 'owed'])
  await queue.publish('owed')
  await queue.publishMany(['gone', 'q1', 'q2', 'q3', 'revived'])
  await queue.withdraw(['gone'])
  const put = (id: string, traits: Traits, timing?: 'latest') =>
    store.publish({ ids: [id], policy: { ...policy, ...(timing ? { timing } : {}) }, traits: [traits] }, PATIENCE)
  await put('raised', { priority: 5, payload: '"fragile"' })
  await put('debounced', { delay: 4 * LEASE, priority: -5 }, 'latest')
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
