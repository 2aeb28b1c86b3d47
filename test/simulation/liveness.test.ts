import { expect, test } from 'vitest'
import { playSeeds, SEEDS, shortfalls } from './seeds.js'

/** What must have happened, per 1,000 seeds. */
const FLOORS = {
  runs: 11_000,
  crashes: 250,
  stalls: 250,
  down: 250,
  hang: 250,
  lostRequests: 450,
  lostReplies: 700,
  cuts: 450,
  lateRequests: 650,
  servedAfterEnd: 800,
  noscript: 8_000,
  repeatedSteps: 1_400,
  repeated: 1_700,
  OUTCOME_UNKNOWN: 800,
  UNAVAILABLE: 1_100,
  tokens: 9_000,
  jams: 110,
  jamsOfTheLiving: 12,
  overruns: 250,
  overlaps: 150,
  lost: 6,
  withdrawn: 700,
  release: 300,
  inspections: 5_000,
  inspectionsOfChange: 900,
  lists: 1_200,
  listed: 500,
  closesInFlight: 400,
  probes: 4_000,
  // Nearly all: a pause or a close of one worker keeps no other waiting, but for a token that goes with its wire.
  promptProbes: 3_900,
}

test(`faults stop: every ID leaves, idle workers are found at once, a close gives all back (${SEEDS} seeds)`, async () => {
  const { tally, recovery } = await playSeeds('liveness')
  expect(shortfalls(tally, FLOORS)).toEqual([])
  // The bound is one that recoveries come near to, or it would prove nothing.
  expect(recovery).toBeGreaterThan(SEEDS < 500 ? 0 : 0.3)
}, 3_600_000)
