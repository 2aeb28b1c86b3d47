import { expect, onTestFinished, test } from 'vitest'
import { audit } from '../../src/audit/index.js'
import { Line } from '../../src/audit/line.js'
import { Pass } from '../../src/audit/pass.js'
import type { AuditReply, AuditRequest } from '../../src/audit-verbs.js'
import { createQueue, memoryStore, type Queue } from '../../src/index.js'
import type { Store } from '../../src/store.js'

const PATIENCE = { timeout: 1_000 }
const place = { name: 'q', prefix: 'audit', tell: () => {} }

function queueHere(open = memoryStore()): Queue {
  const queue = createQueue('q', { store: open, prefix: 'audit' })
  onTestFinished(() => queue.close())
  return queue
}

async function publish(store: Store, ...ids: string[]): Promise<void> {
  await store.publish({ ids, policy: { processing: 'discard' } }, PATIENCE)
}

async function mend(store: Store, ...mends: Parameters<Store['mend']>[0]['mends']): Promise<void> {
  const nothing = {
    lease: 1,
    error: '',
    epoch: 0,
    balance: false,
    marks: false,
    layout: false,
    guard: false,
    journal: false,
  }
  await store.mend({ ...nothing, mends }, PATIENCE)
}

test('a queue in memory is audited as any other', async () => {
  const open = memoryStore()
  const queue = queueHere(open)
  await queue.publishMany(['a', 'b'])
  expect(await audit(queue)).toMatchObject({ queue: 'q', clean: true, committed: 2, entered: 2, left: 0, findings: [] })
  await mend(open(place), { how: 'push', id: 'a' })
  expect(await audit(queue, { repair: true })).toMatchObject({
    clean: false,
    findings: [{ kind: 'twice', law: 'L1', count: 1, ids: ['a'], mended: 1 }],
  })
  expect(await audit(queue)).toMatchObject({ clean: true })
})

test('a queue that was never used is clean, and an audit of it leaves nothing behind but the layout', async () => {
  const open = memoryStore()
  expect(await audit(queueHere(open), { repair: true })).toMatchObject({ clean: true, committed: 0, findings: [] })
  expect(await open(place).counts(PATIENCE)).toMatchObject({ committed: 0, totals: { published: 0 } })
})

test('options are checked, and what is no queue is refused', async () => {
  const queue = queueHere()
  await expect(audit(queue, { repair: true, full: false })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  await expect(audit(queue, { repair: 'yes' } as never)).rejects.toThrow('expected true or false, not')
  await expect(audit(queue, { repairs: true } as never)).rejects.toThrow("Did you mean 'repair'?")
  await expect(audit({} as Queue)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  await expect(audit(queue, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
})

test('of a line that grows faster than it is read, nothing is said that needs its tail', async () => {
  const store = memoryStore()(place)
  await publish(store, 'a')
  let more = 0
  const look = async (request: AuditRequest): Promise<AuditReply> => {
    await publish(store, ...Array.from({ length: 10 }, () => `${++more}`))
    return store.audit(request, PATIENCE)
  }
  const rest = { sample: 9, lease: 1, limit: 5, wakeAfter: 0, active: 0, opened: false }
  const hands = { glance: look, look, mend: () => Promise.reject(new Error('nobody asked')), pause: async () => {} }
  const pass = new Pass(hands, { full: true, repair: false, ...rest })
  await pass.run()
  expect(pass.complete).toBe(false)
  expect(pass.findings.list()).toEqual([])
})

/** A line of one's own, told as a store would. */
function told(taken: number, line: readonly string[], head: readonly string[] = [], returned = 0): AuditReply {
  const named = (ids: readonly string[]) => ids.map((id) => ({ id, parts: 1 }))
  const rest = { place: taken + 1, length: line.length, head: named(head), line: named(line) }
  return { ...rest, totals: { taken, returned } } as unknown as AuditReply
}

test('an ID that stands in the line twice is in it until the later entry is taken', () => {
  const line = new Line()
  expect(line.take(told(0, ['a', 'b', 'a'])).map(({ twin }) => twin)).toEqual([null, null, 1])
  expect(line.caughtUp).toBe(true)
  // The nearer entry was taken and came back, and is seen once more: the further one counts.
  line.take({ ...told(0, ['a', 'b', 'a'], ['a'], 1), place: 4, line: [] })
  expect([1, 2].map((taken) => line.holds('a', taken))).toEqual([true, true])
  expect(line.holds('a', 3)).toBe(false)
  expect(line.holds('z', 0)).toBe(false)
})

test('a line that was cut, or counts that went back, are read anew', () => {
  for (const damaged of [told(0, ['a']), told(0, ['a', 'b'], [], -1), told(0, ['a', 'b', 'c'], ['a'], 2)]) {
    const line = new Line()
    line.take(told(0, ['a', 'b']))
    line.take(damaged)
    expect([line.restarts, line.caughtUp, line.holds('b', 0)]).toEqual([1, false, false])
    line.take(told(0, ['a', 'b', 'c'], [], damaged.totals.returned))
    expect([line.caughtUp, line.holds('c', 0)]).toEqual([true, true])
  }
})
