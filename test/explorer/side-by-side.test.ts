import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clone } from '../../src/memory/model.js'
import { dumpModel } from '../model/dump.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { makeUsers } from '../support/users.js'
import { nameOfCall } from './names.js'
import { SCOPES, scope } from './scopes.js'
import { search, tell } from './search.js'
import type { Call } from './server.js'
import { type Difference, Twin } from './twin.js'
import type { Scope } from './world.js'

// Whatever the explorer's server meets, the real one meets too: the state is loaded, the call made at the same time, and
// the answer and every key compared. So what the explorer shows of the model holds of the Lua.

const LANES = 16

let server: RedisServer
let raw: ReturnType<typeof rawClient>
let lanes: Twin[]

beforeAll(async () => {
  server = await startRedis()
  await makeUsers(server)
  raw = rawClient(server)
  await raw.connect()
  lanes = Array.from({ length: LANES }, (_, place) => new Twin(server.url, raw, `lane${place}`))
})

afterAll(async () => {
  await Promise.all((lanes ?? []).map((lane) => lane.close()))
  raw?.destroy()
  await server?.stop()
})

interface Met {
  readonly call: Call
  readonly scope: Scope
  readonly way: () => readonly number[]
}

/** Each call once that a server can tell from the others, over all scopes. */
const seen = new Set<string>()

function callsOf(scope: Scope): Met[] {
  const met: Met[] = []
  search(scope, {
    heard: (call, way) => {
      const name = nameOfCall(call.before, call.op, call.now)
      if (seen.has(name)) return
      seen.add(name)
      met.push({ call, scope, way })
    },
  })
  return met
}

/** The first difference, or null. */
async function playAll(met: readonly Met[]): Promise<string | null> {
  let next = 0
  let found: string | null = null
  const run = async (lane: Twin): Promise<void> => {
    while (next < met.length && found === null) {
      const one = met[next++] as Met
      const difference = await lane.play(one.call)
      if (difference !== null) found ??= say(difference, one)
    }
  }
  await Promise.all(lanes.map(run))
  return found
}

function say({ call, what, redis, model }: Difference, { scope, way }: Met): string {
  const shown = (value: unknown): string => inspect(value, { depth: 9, breakLength: 120 })
  const full = Object.entries(dumpModel(call.before)).filter(([, values]) => values.length > 0)
  return [
    `${call.op.verb}: ${what} differs`,
    `redis ${shown(redis)}`,
    `model ${shown(model)}`,
    `asked ${shown(call.op.request)} at ${call.now}`,
    `of    ${shown(Object.fromEntries(full))}`,
    ...tell(scope, way()),
  ].join('\n')
}

test.each(SCOPES)('Redis does as the model does wherever $name leads', { timeout: 300_000 }, async (one) => {
  const met = callsOf(one)
  const found = await playAll(met)
  console.log(`${one.name}: ${met.length} calls that no scope before made`)
  expect(found, found ?? '').toBeNull()
})

test('all scopes together met the server with no few calls', () => {
  expect(seen.size).toBeGreaterThan(5_000)
})

test('a state that Redis does not hold is found', async () => {
  const [one] = callsOf(scope('one', 0, { publishes: 1 }, { ids: ['z'] }))
  const { call } = one as Met
  const wrong = clone(call.after)
  wrong.totals.published++
  expect(await (lanes[0] as Twin).play(call)).toBeNull()
  expect(await (lanes[0] as Twin).play({ ...call, after: wrong })).toMatchObject({ what: 'totals' })
  expect(await (lanes[0] as Twin).play({ ...call, told: { thrown: 'REFUSED' } })).toMatchObject({ what: 'the answer' })
})
