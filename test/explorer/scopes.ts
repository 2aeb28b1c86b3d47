import { PLAIN, RERUN, SUPERSEDE, soon, urgent } from './kinds.js'
import type { Budget, Scope } from './world.js'

const NONE: Budget = {
  publishes: 0,
  fails: 0,
  retries: 0,
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
    kinds: [PLAIN],
  }
  return { ...usual, ...rest, name, states, budget: { ...NONE, ...budget } }
}

const TWO_IDS: Rest = { ids: ['a', 'b'] }
const ALONE: Rest = { workers: 1 }
const ANY: Rest = { sweeps: 'at any time' }
const AHEAD: Rest = { ids: ['a', 'b'], workers: 1, prefetch: 1 }

/** Each a corner of what can happen, small enough to be walked to its end; together they are what `npm test` walks. */
export const SCOPES: readonly Scope[] = [
  scope('quiet', 1_228, { publishes: 3, takes: 1 }, TWO_IDS),
  scope('loss', 832, { publishes: 2, losses: 1 }, TWO_IDS),
  scope('two-lapse', 1_569, { publishes: 2, lapses: 1 }, TWO_IDS),
  scope('two-copy', 1_803, { publishes: 2, copies: 1 }, TWO_IDS),
  scope('two-crash', 5_912, { publishes: 2, crashes: 1 }, { ...TWO_IDS, ...ANY }),
  scope('two-rollback', 5_231, { publishes: 2, rollbacks: 1 }, TWO_IDS),
  scope('loss-lapse', 3_400, { publishes: 2, losses: 1, lapses: 1 }, ANY),
  scope('copy-lapse', 1_484, { publishes: 2, copies: 1, lapses: 1 }, { ...ALONE, ...ANY }),
  scope('copy-loss', 605, { publishes: 2, copies: 1, losses: 1 }, ALONE),
  scope('copies', 4_827, { publishes: 2, copies: 1, lapses: 1 }),
  scope('copy', 565, { publishes: 2, copies: 1 }),
  scope('crash', 1_526, { publishes: 2, crashes: 1 }, ANY),
  scope('crash-loss', 16_195, { publishes: 2, crashes: 1, losses: 1 }, TWO_IDS),
  scope('crash-lapse', 5_343, { publishes: 2, crashes: 1, lapses: 1 }, { ...TWO_IDS, ...ALONE, ...ANY }),
  scope('jams', 1_847, { publishes: 2, lapses: 3, fails: 1 }, { maxJams: 2, ...ALONE, ...ANY }),
  scope('ahead-loss', 10_867, { publishes: 2, losses: 1, fails: 1 }, AHEAD),
  scope('ahead-lapse', 16_393, { publishes: 2, lapses: 1 }, { ...AHEAD, ...ANY }),
  scope('ahead-withdraw', 18_166, { publishes: 2, withdraws: 1, fails: 1, releases: 1 }, AHEAD),
  scope('withdraw', 1_234, { publishes: 3, withdraws: 2, releases: 1 }),
  scope('withdraw-fail', 2_550, { publishes: 3, withdraws: 1, fails: 1, lapses: 1 }, { ...ALONE, ...ANY }),
  scope('withdraw-lapse', 6_837, { publishes: 3, withdraws: 1, fails: 1, lapses: 1 }),
  scope('withdraw-renew', 2_460, { publishes: 1, withdraws: 1, renews: 1, lapses: 1 }),
  scope('clear', 2_246, { publishes: 3, clears: 1, withdraws: 1, fails: 1 }, { ...TWO_IDS, ...ALONE }),
  scope('failed', 1_295, { publishes: 3, fails: 2, withdraws: 1 }, { ...TWO_IDS, ...ALONE, keepFailed: 1 }),
  scope('leave', 291, { publishes: 2, leaves: 1, copies: 1 }, ALONE),
  scope('guards', 2_181, { publishes: 1, crashes: 1, lapses: 1, takes: 1 }, { guards: 2, ...ALONE }),
  scope('guards-two', 4_257, { publishes: 2, crashes: 1, takes: 1 }, { guards: 2 }),
  scope('rollback', 1_284, { publishes: 2, rollbacks: 1, losses: 1 }, ALONE),
  scope('rollback-copy', 3_018, { publishes: 2, rollbacks: 1, copies: 1 }, ALONE),
  scope('rollback-two', 380, { publishes: 1, rollbacks: 1 }),
  scope('rerun-lapse', 1_125, { publishes: 3, lapses: 1, fails: 1 }, { ...ALONE, ...ANY, kinds: [RERUN] }),
  scope('rerun-two', 3_176, { publishes: 2, lapses: 1, losses: 1 }, { kinds: [RERUN] }),
  scope('rerun-retry', 1_219, { publishes: 2, retries: 1, releases: 1, losses: 1 }, { ...ALONE, kinds: [RERUN] }),
  scope('supersede', 1_220, { publishes: 2, retries: 1, losses: 1, fails: 1 }, { ...ALONE, kinds: [SUPERSEDE] }),
  scope('supersede-lapse', 1_514, { publishes: 3, retries: 1, lapses: 1 }, { ...ALONE, kinds: [RERUN, SUPERSEDE] }),
  scope('backoff-withdraw', 1_664, { publishes: 2, retries: 1, withdraws: 1, losses: 1 }, { ...ALONE, kinds: [RERUN] }),
  scope(
    'raise-withdraw',
    1_896,
    { publishes: 3, withdraws: 1 },
    { ...TWO_IDS, ...ALONE, kinds: [PLAIN, urgent(-3), urgent(5)] },
  ),
  scope('earliest', 1_553, { publishes: 3, retries: 1 }, { ...ALONE, kinds: [PLAIN, soon(400), soon(100)] }),
  scope('remember', 582, { publishes: 3, losses: 1, withdraws: 1 }, { ...ALONE, policy: { remember: 400 } }),
  scope('ordered', 1_041, { publishes: 2, retries: 1, lapses: 1 }, { ...TWO_IDS, ...ALONE, policy: { ordered: true } }),
  scope(
    'ordered-withdraw',
    1_228,
    { publishes: 3, retries: 1, withdraws: 1 },
    { ...TWO_IDS, ...ALONE, policy: { ordered: true } },
  ),
]

/** Several faults at once, and guards that sweep at any time: minutes each, by `npm run explore -- wide`. */
export const WIDE: readonly Scope[] = [
  scope('wide-lapse', 21_582, { publishes: 2, crashes: 1, lapses: 1, losses: 1 }),
  scope('wide-ahead', 55_087, { publishes: 2, lapses: 1, renews: 1 }, AHEAD),
  scope('wide-crash-ahead', 20_842, { publishes: 2, crashes: 1 }, AHEAD),
  scope('wide-rollback', 18_241, { publishes: 2, rollbacks: 1, copies: 1 }, { ...ALONE, ...ANY }),
  scope('wide-ahead-withdraw', 102_148, { publishes: 2, withdraws: 1, fails: 1, releases: 1 }, { ...AHEAD, ...ANY }),
]
