import { expect, test } from 'vitest'
import { jamsIn, type Outage } from './outage.js'

// After an outage the guard gives the living half a lease to renew. They may need a pause between two dials for that,
// 1.25 s at most, and before it a dial that comes to nothing, for replyTimeout.

const SEEDS = 40

async function jams(outage: Outage): Promise<number> {
  let sum = 0
  for (let seed = 1; seed <= SEEDS; seed++) sum += await jamsIn(seed, outage)
  return sum
}

test.each([0.8, 1.1, 2.5])(
  'half a lease above 1.25 s: a server that refuses for %d leases jams none',
  async (leases) => {
    const lease = 2_600
    expect(await jams({ kind: 'down', ms: leases * lease, lease, replyTimeout: 1_500 })).toBe(0)
  },
)

test.each([0.8, 1.1, 2.5])(
  'half a lease above replyTimeout + 1.25 s: a server that hangs for %d leases jams none',
  async (leases) => {
    const lease = 5_600
    expect(await jams({ kind: 'hang', ms: leases * lease, lease, replyTimeout: 1_500 })).toBe(0)
  },
)

test('a lease too short for that may be lost by a worker that lives', async () => {
  const lease = 1_000
  expect(await jams({ kind: 'down', ms: 2.5 * lease, lease, replyTimeout: 1_500 })).toBeGreaterThan(0)
  expect(await jams({ kind: 'hang', ms: 1_600, lease: 2_000, replyTimeout: 1_500 })).toBeGreaterThan(0)
})
