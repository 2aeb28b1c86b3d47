import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditReply } from '../../src/audit-verbs.js'
import type { Op } from '../../src/memory/model.js'
import { KEYS, keyOf, type Part } from '../../src/redis/keys.js'
import type { StepReply } from '../../src/step.js'
import type { ControlReply, Store } from '../../src/store.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { makeUsers, type SharedByRole, shareByRole } from '../support/users.js'
import { callStore } from './call.js'
import { dumpModel, dumpRedis, isRich, type Send } from './dump.js'
import { games, plainGames } from './games.js'
import { Model, type Told, Watch } from './laws.js'
import type { Move } from './moves.js'
import { Player } from './player.js'
import { settings } from './settings.js'

// The model is what the memory store runs and what the law suite's sentences say; here Redis is held equal to it, reply by
// reply and key by key. A game that fails is shrunk to the few moves that matter.

const prefix = `convoy:t${randomBytes(4).toString('hex')}`
const clockKey = `${prefix}:clock`
const patience = { timeout: 10_000 }

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

async function tell(store: Store, op: Op): Promise<Told> {
  try {
    return { reply: await callStore(store, op, patience) }
  } catch (error) {
    return { thrown: (error as { code: string }).code }
  }
}

/** node:util compares fast; only where it finds a difference vitest is asked to show it. */
function equal(what: string, redis: unknown, model: unknown): void {
  if (!isDeepStrictEqual(redis, model)) expect(redis, what).toEqual(model)
  if (!isDeepStrictEqual(redis, model)) throw new Error(`${what}: not equal in kind`)
}

/** The order of a page of a set, and of the schedules, is nobody's business; messages are spelled by whoever writes them. */
function inOrder(told: Told): Told {
  if (!('reply' in told) || typeof told.reply !== 'object') return told
  const reply = told.reply as Partial<AuditReply & ControlReply>
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
  const { page, schedules, messages } = reply
  return {
    reply: {
      ...(reply as object),
      ...(page ? { page: [...page].sort(byId) } : {}),
      ...(schedules ? { schedules: [...schedules].sort(byId) } : {}),
      ...(messages ? { messages: { ...messages, texts: messages.texts.map((text) => JSON.parse(text)) } } : {}),
    } as never,
  }
}

/** Where nothing waits for its time it is no matter who would be told: a plain lane's step leaves the alarm unread. */
function isPlain(op: Op, told: Told): boolean {
  if (op.verb !== 'step' || op.request.policy || !('reply' in told)) return false
  const done = op.request.settle.every((group) => group.end === 'done' && !group.results)
  return done && (told.reply as StepReply).settled === ''
}

let games_ = 0

/** The laws are watched unless somebody breaks them by hand. */
async function playBoth(moves: readonly Move[]): Promise<void> {
  const sound = moves.every((move) => move.kind !== 'stray')
  const name = `q${++games_}`
  const store = users.open({ prefix, name, tell: () => {} })
  const model = new Model()
  const player = new Player()
  const watch = new Watch()
  try {
    for (const [place, move] of moves.entries()) {
      const op = player.play(move, model.state.totals.taken)
      const at = `move ${place}, ${move.kind}`
      await send(['SET', clockKey, String(player.now)])
      if (move.kind === 'take') {
        await send(['LPOP', keyOf(prefix, name, 'wake')])
        model.state.wake = 0
      }
      if (move.kind === 'stray') {
        await send(['RPUSH', keyOf(prefix, name, 'queued'), move.id])
        model.state.queued.push(move.id)
      }
      if (move.kind === 'listening') {
        const key = keyOf(prefix, name, 'listening')
        await send(move.on ? ['SET', key, '0', 'PX', '600000'] : ['DEL', key])
        model.state.listening = move.on
      }
      if (op === null) continue
      const told = await tell(store, op)
      const { alarm } = model.state
      const rich = isRich(model.state) || model.state.listening
      const should = model.call(op, player.now)
      if (!rich && isPlain(op, should)) model.state.alarm = alarm
      equal(`${at}: the reply`, inOrder(told), inOrder(should))
      equal(`${at}: the state`, await dumpRedis(send, prefix, name), dumpModel(model.state))
      if ('thrown' in should) continue
      player.hear(op, should.reply)
      if (sound) watch.check(model.state, op, should.reply, player.now)
    }
  } finally {
    await send(['UNLINK', ...Object.keys(KEYS).map((part) => keyOf(prefix, name, part as Part))])
    await store.close()
  }
}

const { seed, path, runs } = settings(300)

test(`Redis answers as the model does and holds the same state, after every call of a random game (seed ${seed})`, async () => {
  await fc.assert(fc.asyncProperty(games(60), playBoth), { seed, ...path, numRuns: runs })
  // Each game took the keys of the table away: no other was ever written (law L9).
  expect(await send(['KEYS', '*'])).toEqual([clockKey])
}, 600_000)

test(`so it does on a plain lane, where it goes a shorter way (seed ${seed})`, async () => {
  await fc.assert(fc.asyncProperty(plainGames(40), playBoth), { seed, ...path, numRuns: Math.ceil(runs / 3) })
}, 600_000)
