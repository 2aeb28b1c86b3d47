import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { audit } from '../../src/audit/index.js'
import { Pass } from '../../src/audit/pass.js'
import { createQueue, redisStore } from '../../src/index.js'
import type { Settlement } from '../../src/step.js'
import type { Store } from '../../src/store.js'
import { serverHere } from '../connections/kit.js'
import { PATIENCE } from './rich.js'

// The hardest part of an audit is to tell of nothing that is merely moving. So here everything moves: IDs are published,
// claimed, settled, given back to the head, withdrawn and published again, workers die with what they hold, guards bring it
// back; and the audits read a few entries at a time, so that a turn of the line takes as long as it does for millions.

const IDS = 400
const LEASE = 60
const name = (): string => randomBytes(16).toString('hex')
const some = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T

/** Goes on until told to stop. */
function loops(...works: (() => Promise<unknown>)[]): { stop(): Promise<void>; readonly turns: number } {
  let over = false
  let turns = 0
  const all = works.map(async (work) => {
    while (!over) {
      await work()
      turns++
    }
  })
  return {
    async stop() {
      over = true
      await Promise.all(all)
    },
    get turns() {
      return turns
    },
  }
}

function publisher(store: Store) {
  return () => {
    const ids = Array.from({ length: 1 + Math.floor(Math.random() * 30) }, () => `${Math.floor(Math.random() * IDS)}`)
    return Math.random() < 0.1
      ? store.withdraw({ ids }, PATIENCE)
      : store.publish({ ids, policy: { processing: 'discard' } }, PATIENCE)
  }
}

/** Dies now and then with all it holds, and comes back under another name. */
function mortal(store: Store) {
  let worker = name()
  let number = 0
  let held: { token: string; ids: readonly string[] } | undefined
  const settle = (): Settlement[] => {
    if (held === undefined) return []
    const ends = { done: [] as string[], release: [] as string[], fail: [] as string[] }
    for (const id of held.ids) ends[some(['done', 'done', 'done', 'release', 'release', 'fail'] as const)].push(id)
    const { token } = held
    return [
      { end: 'done', token, ids: ends.done },
      { end: 'release', token, ids: ends.release },
      { end: 'fail', token, ids: ends.fail, errors: ends.fail.map(() => '{"message":"no"}') },
    ]
  }
  return async () => {
    const claim = Math.floor(Math.random() * 40)
    const rest = { lease: LEASE, renew: [], started: [], keepFailed: 50, leaving: false }
    const request = { worker, number: ++number, lane: 0 as const, settle: settle(), claim, slots: claim - 1, ...rest }
    held = await store.step({ ...request, slots: Math.max(0, request.slots) }, PATIENCE)
    if (Math.random() > 0.05) return
    worker = name()
    number = 0
    held = undefined
  }
}

test('however the line moves, and whoever dies, an audit finds nothing wrong where nothing is', async () => {
  const server = await serverHere()
  const open = redisStore({ url: server.url })
  const queue = createQueue('busy', { store: open, lease: 100 })
  onTestFinished(() => queue.close())
  // The stores below write without opening: so the layout is left here, as every process leaves it that writes.
  await queue.publish('0')
  const stores = Array.from({ length: 6 }, () => open({ name: 'busy', prefix: 'convoy', tell: () => {} }))
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
  const [one, two, three, four, guard, auditor] = stores as [Store, Store, Store, Store, Store, Store]
  const request = { limit: 1_000, maxJams: 3, keepFailed: 50, lease: LEASE, jitter: 0.5, error: '{}', guard: null }
  const load = loops(publisher(one), publisher(two), mortal(three), mortal(four), () => guard.sweep(request, PATIENCE))

  onTestFinished(() => load.stop())

  let [looks, moved, back] = [0, 0, 0]
  for (let round = 0; round < 60; round++) {
    const hands = {
      look: (ask: Parameters<Store['audit']>[0]) => {
        looks++
        return auditor.audit(ask, PATIENCE)
      },
      glance: (ask: Parameters<Store['audit']>[0]) => auditor.audit(ask, PATIENCE),
      mend: (ask: Parameters<Store['mend']>[0]) => auditor.mend(ask, PATIENCE),
      pause: () => Promise.resolve(),
    }
    const limit = 20 + (round % 50)
    const terms = {
      full: true,
      repair: round % 3 === 2,
      sample: 5,
      lease: LEASE,
      wakeAfter: 0,
      active: 0,
      opened: true,
    }
    const pass = new Pass(hands, { ...terms, limit })
    const { first, last } = await pass.run()
    expect(pass.findings.list(), `round ${round}, with looks of ${limit}`).toEqual([])
    expect(pass.complete).toBe(true)
    moved += last.totals.taken - first.totals.taken
    back += last.totals.returned - first.totals.returned
  }
  for (const repair of [false, true]) {
    expect(await audit(queue, { repair })).toMatchObject({ clean: true, findings: [] })
    expect(await audit(queue, { full: false })).toMatchObject({ clean: true, findings: [] })
  }
  await load.stop()
  const { totals } = await queue.stats()
  console.log(
    `60 audits, ${looks} looks, while ${moved} places were passed, ${back} IDs came back to the head, ${totals.jammed} jammed`,
  )
  // Else it proved nothing.
  expect(moved).toBeGreaterThan(5_000)
  expect(back).toBeGreaterThan(1_000)
  expect(totals.jammed).toBeGreaterThan(20)
  expect(totals.withdrawn).toBeGreaterThan(100)
}, 120_000)
