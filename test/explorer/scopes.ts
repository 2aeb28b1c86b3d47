import type { Budget, Scope } from './world.js'

const NONE: Budget = {
  publishes: 0,
  fails: 0,
  releases: 0,
  renews: 0,
  withdraws: 0,
  clears: 0,
  takes: 0,
  crashes: 0,
  losses: 0,
  copies: 0,
  lapses: 0,
  leaves: 0,
  rollbacks: 0,
}

export type Rest = Partial<Omit<Scope, 'name' | 'states' | 'budget'>>

export function scope(name: string, states: number, budget: Partial<Budget>, rest: Rest = {}): Scope {
  const usual = {
    ids: ['a'],
    workers: 2,
    prefetch: 0,
    maxJams: 1,
    keepFailed: 10,
    guards: 0,
    sweeps: 'when due' as const,
  }
  return { ...usual, ...rest, name, states, budget: { ...NONE, ...budget } }
}

const TWO_IDS: Rest = { ids: ['a', 'b'] }
const ALONE: Rest = { workers: 1 }
const ANY: Rest = { sweeps: 'at any time' }
const AHEAD: Rest = { ids: ['a', 'b'], workers: 1, prefetch: 1 }

/** Each a corner of what can happen, small enough to be walked to its end; together they are what `npm test` walks. */
export const SCOPES: readonly Scope[] = [
  scope('quiet', 6_299, { publishes: 3, takes: 1 }, TWO_IDS),
  scope('loss', 3_939, { publishes: 2, losses: 1 }, TWO_IDS),
  scope('loss-lapse', 11_525, { publishes: 2, losses: 1, lapses: 1 }),
  scope('copy-lapse', 3_480, { publishes: 2, copies: 1, lapses: 1 }, { ...ALONE, ...ANY }),
  scope('copy-loss', 1_298, { publishes: 2, copies: 1, losses: 1 }, ALONE),
  scope('copy', 3_341, { publishes: 2, copies: 1 }),
  scope('crash', 16_327, { publishes: 2, crashes: 1 }, ANY),
  scope('crash-lapse', 13_485, { publishes: 2, crashes: 1, lapses: 1 }, { ...TWO_IDS, ...ALONE }),
  scope('jams', 5_367, { publishes: 2, lapses: 3, fails: 1 }, { maxJams: 2, ...ALONE, ...ANY }),
  scope('ahead-loss', 9_417, { publishes: 2, losses: 1, fails: 1 }, AHEAD),
  scope('ahead-lapse', 18_793, { publishes: 2, lapses: 1 }, { ...AHEAD, ...ANY }),
  scope('ahead-withdraw', 19_658, { publishes: 2, withdraws: 1, fails: 1, releases: 1 }, AHEAD),
  scope('withdraw', 9_611, { publishes: 3, withdraws: 2, releases: 1 }),
  scope('withdraw-fail', 6_138, { publishes: 3, withdraws: 1, fails: 1, lapses: 1 }, { ...ALONE, ...ANY }),
  scope('withdraw-renew', 8_017, { publishes: 1, withdraws: 1, renews: 1, lapses: 1 }),
  scope('clear', 4_566, { publishes: 3, clears: 1, withdraws: 1, fails: 1 }, { ...TWO_IDS, ...ALONE }),
  scope('failed', 2_571, { publishes: 3, fails: 2, withdraws: 1 }, { ...TWO_IDS, ...ALONE, keepFailed: 1 }),
  scope('leave', 999, { publishes: 2, leaves: 1, copies: 1 }, ALONE),
  scope('guards', 7_136, { publishes: 1, crashes: 1, lapses: 1, takes: 1 }, { guards: 2, ...ALONE }),
  scope('rollback', 5_958, { publishes: 2, rollbacks: 1, losses: 1 }, ALONE),
  scope('rollback-copy', 19_870, { publishes: 2, rollbacks: 1, copies: 1 }, ALONE),
  scope('rollback-two', 11_196, { publishes: 1, rollbacks: 1 }),
]

/** Several faults at once, and guards that sweep at any time: minutes each, by `npm run explore -- wide`. */
export const WIDE: readonly Scope[] = [
  scope('wide-faults', 133_214, { publishes: 2, crashes: 1, losses: 1 }, TWO_IDS),
  scope('wide-lapse', 220_167, { publishes: 2, crashes: 1, lapses: 1, losses: 1 }),
  scope('wide-withdraw', 51_523, { publishes: 3, withdraws: 1, fails: 1, lapses: 1 }),
  scope('wide-copies', 29_503, { publishes: 2, copies: 1, lapses: 1 }),
  scope('wide-ahead', 48_987, { publishes: 2, lapses: 1, renews: 1 }, AHEAD),
  scope('wide-crash-ahead', 105_049, { publishes: 2, crashes: 1 }, AHEAD),
  scope('wide-rollback', 119_848, { publishes: 2, rollbacks: 1, copies: 1 }, { ...ALONE, ...ANY }),
  scope('wide-ahead-withdraw', 118_560, { publishes: 2, withdraws: 1, fails: 1, releases: 1 }, { ...AHEAD, ...ANY }),
  scope('wide-loss-lapse', 19_229, { publishes: 2, losses: 1, lapses: 1 }, ANY),
  scope('wide-crash-lapse', 18_678, { publishes: 2, crashes: 1, lapses: 1 }, { ...TWO_IDS, ...ALONE, ...ANY }),
  scope('wide-guards', 35_061, { publishes: 2, crashes: 1, takes: 1 }, { guards: 2 }),
]
