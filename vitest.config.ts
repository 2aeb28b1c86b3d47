import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.js'

const limits = { testTimeout: 30_000, hookTimeout: 30_000 }

/** Four kinds of test: `unit`, `house` and `simulation` run anywhere; `redis` needs a server binary, and fails with the cure when there is none. */
export default defineConfig({
  test: {
    // Most of a test's time is waiting for other processes, so on a small machine one worker per core is too few.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...limits, name: 'unit', include: ['test/**/*.unit.test.ts'] } },
      { test: { ...limits, name: 'house', include: ['test/house/*.test.ts'] } },
      { test: { ...limits, name: 'simulation', include: ['test/simulation/*.test.ts'] } },
      {
        test: {
          ...limits,
          name: 'redis',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.unit.test.ts', 'test/house/**', 'test/simulation/**', '**/node_modules/**'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
