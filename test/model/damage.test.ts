import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pass } from '../../src/audit/pass.js'
import type { AuditReply, AuditRequest, MendReply, MendRequest } from '../../src/audit-verbs.js'
import { apply, clone, type QueueState } from '../../src/memory/model.js'
import { KEYS, keyOf, type Part } from '../../src/redis/keys.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { makeUsers, type SharedByRole, shareByRole } from '../support/users.js'
import { callStore } from './call.js'
import { commandOf, type Hit, hitModel, hits } from './damage.js'
import { type Dump, dumpModel, dumpRedis, type Send } from './dump.js'
import { games } from './games.js'
import { checkState, Model } from './laws.js'
import type { Move } from './moves.js'
import { Player } from './player.js'
import { settings } from './settings.js'

// After a random game somebody damages the keys. What both stores tell of it, and what they make of it, is the same; then
// the laws hold again.

const prefix = `convoy:t${randomBytes(4).toString('hex')}`
const clockKey = `${prefix}:clock`
const patience = { timeout: 10_000 }
const TERMS = { full: true, sample: 100, lease: 1_000, limit: 400, wakeAfter: 0, active: 0, opened: false }

let server: RedisServer
let raw: ReturnType<typeof rawClient>
let users: SharedByRole
const send: Send = (args) => raw.sendCommand([...args])

beforeAll(async () => {
  server = await startRedis()
  raw = rawClient(server)
  await raw.connect()
  await makeUsers(server)
  users = await shareByRole(server.url, clockKey)
})

afterAll(async () => {
  users?.close()
  raw?.destroy()
  await server?.stop()
})

interface Side {
  audit(request: AuditRequest): Promise<AuditReply>
  mend(request: MendRequest): Promise<MendReply>
}

async function auditOf({ audit, mend }: Side, repair: boolean) {
  const pass = new Pass({ glance: audit, look: audit, mend, pause: () => Promise.resolve() }, { ...TERMS, repair })
  await pass.run()
  expect(pass.complete).toBe(true)
  // Only Redis keeps `extras`, and what is put into a key by hand does not write it.
  const told = pass.findings.list().filter(({ kind }) => kind !== 'extras')
  const findings = told.map(({ kind, ids, count, mended }) => [kind, ids.toSorted(), count, mended])
  return findings.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/**
 * Walks of a set have no order, so what is pushed or seated from one has none. `extras` is written anew by the next full script, and by
 * it is told whether a lane is plain, where nobody reads the `alarm`.
 */
const settled = ({ extras: _, alarm: __, ...dump }: Dump): unknown => ({
  ...dump,
  queued: dump.queued.toSorted(),
  prioritized: dump.prioritized.map((seat) => seat.replace(/-?\d+$/, rankIn)).toSorted(),
})
const rankIn = (score: string): string => String(Math.round(Number(score) / 2 ** 40))

/** The laws, with the line as a claim would see it: what a repair has blanked is dropped. */
function checkMended(state: QueueState): void {
  const seen = clone(state)
  const line = seen.queued.slice().filter((id) => id !== '')
  seen.totals.taken += seen.queued.size - line.length
  seen.queued.clear()
  for (const id of line) seen.queued.push(id)
  // Withdrawn by hand under a run that is superseded: either alone stops it, and both leave with its end.
  for (const [id, owed] of seen.owed)
    if (owed.superseded && seen.withdrawn.has(id)) seen.owed.set(id, { ...owed, superseded: false })
  checkState(seen)
}

let games_ = 0

async function play(moves: readonly Move[], damage: readonly Hit[]): Promise<void> {
  const name = `q${++games_}`
  const key = (part: Part): string => keyOf(prefix, name, part)
  const store = users.open({ prefix, name, tell: () => {} })
  const model = new Model()
  const player = new Player()
  try {
    for (const move of moves) {
      const op = player.play(move, model.state.totals.taken)
      await send(['SET', clockKey, String(player.now)])
      if (move.kind === 'take') {
        await send(['LPOP', key('wake')])
        model.state.wake = 0
      }
      if (op === null) continue
      await callStore(store, op, patience).catch(() => undefined)
      const told = model.call(op, player.now)
      if ('reply' in told) player.hear(op, told.reply)
    }
    for (const hit of damage) {
      const [command, ...args] = commandOf(hit, KEYS)
      await send([command, key(hit.part), ...args])
      hitModel(model.state, hit)
    }
    const { now } = player
    const redis: Side = {
      audit: (request: AuditRequest) => store.audit(request, patience),
      mend: (request: MendRequest) => store.mend(request, patience),
    }
    const memory: Side = {
      audit: async (request: AuditRequest) => apply(model.state, { verb: 'audit', request }, now),
      mend: async (request: MendRequest) => apply(model.state, { verb: 'mend', request }, now),
    }
    for (const repair of [false, true]) {
      expect(await auditOf(redis, repair), `repair: ${repair}`).toEqual(await auditOf(memory, repair))
    }
    expect(settled(await dumpRedis(send, prefix, name))).toEqual(settled(dumpModel(model.state)))
    expect([await auditOf(redis, false), await auditOf(memory, false)]).toEqual([[], []])
    checkMended(model.state)
  } finally {
    await send(['UNLINK', ...Object.keys(KEYS).map((part) => key(part as Part))])
    await store.close()
  }
}

const { seed, path, runs } = settings(200)

test(`both stores tell the same of a damaged queue and mend it the same way, and the laws hold again (seed ${seed})`, async () => {
  await fc.assert(fc.asyncProperty(games(25), hits, play), { seed, ...path, numRuns: runs })
}, 600_000)
