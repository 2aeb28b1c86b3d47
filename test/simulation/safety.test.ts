import { expect, test } from 'vitest'
import { playSeeds, SEEDS, shortfalls } from './seeds.js'

/** What must have happened, per 1,000 seeds. */
const FLOORS = {
  runs: 8_000,
  crashes: 300,
  stalls: 350,
  down: 700,
  hang: 500,
  lostRequests: 500,
  lostReplies: 800,
  cuts: 500,
  lateRequests: 700,
  servedAfterEnd: 700,
  noscript: 7_000,
  repeatedSteps: 1_500,
  repeated: 2_000,
  OUTCOME_UNKNOWN: 1_000,
  UNAVAILABLE: 1_700,
  tokens: 6_000,
  jams: 40,
  jamsOfTheLiving: 10,
  overruns: 200,
  overlaps: 150,
  lost: 4,
  withdrawn: 600,
  release: 500,
  inspections: 5_000,
  inspectionsOfChange: 900,
  lists: 1_200,
  listed: 500,
  closesInFlight: 300,
}

test(`faults all the time: no law is broken, and every promise settles (${SEEDS} seeds)`, async () => {
  const { tally } = await playSeeds('safety')
  expect(shortfalls(tally, FLOORS)).toEqual([])
}, 3_600_000)
