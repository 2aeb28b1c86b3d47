import { expect, test } from 'vitest'
import { type Source, sources } from './sources.js'

/** Waiting for time to pass, in the forms it takes. A test waits on a latch, an event or a clock of its own. */
const SLEEPS: readonly RegExp[] = [
  /\bsleep\s*\(/,
  /timers\/promises/,
  /\bsetTimeout\(\s*(?:resolve|res|r|done|ok)\b/,
  /\bsetTimeout\(\s*\(\)\s*=>\s*\{?\s*(?:resolve|res|r|done|ok)\b/,
  /new Promise\b[^;]{0,80}=>\s*\{?\s*(?:void\s+)?setTimeout\(/,
  /\bpromisify\(\s*setTimeout\b/,
  /\bscheduler\.wait\(/,
  /\bAtomics\.wait\(/,
]

const sleepers = (files: readonly Source[]): string[] =>
  files.flatMap(({ path, text }) =>
    SLEEPS.flatMap((pattern) => {
      const at = text.search(pattern)
      return at === -1 ? [] : [`${path}:${text.slice(0, at).split('\n').length} ${text.slice(at).split('\n')[0]}`]
    }),
  )

test('no test sleeps', () => {
  // This file alone spells sleeps out, as samples.
  const files = sources('test', 's').filter(
    ({ path }) => /\.[mc]?[jt]s$/.test(path) && path !== 'house/no-sleep.test.ts',
  )
  expect(files.length).toBeGreaterThan(10)
  expect(sleepers(files)).toEqual([])
})

test.each([
  'await sleep(100)',
  "import { setTimeout as wait } from 'node:timers/promises'",
  'await new Promise(resolve => setTimeout(resolve, 50))',
  'await new Promise<void>((go) => {\n  setTimeout(go, 50)\n})',
  'setTimeout(() => resolve(), 5)',
  'setTimeout(() => {\n  done()\n}, 5)',
  'const wait = promisify(setTimeout)',
  'await scheduler.wait(5)',
  'Atomics.wait(cell, 0, 0, 100)',
])('a sleep is found: %s', (text) => {
  expect(sleepers([{ path: 'a.test.ts', text }])).not.toEqual([])
})

test('a limit on a wait is no sleep', () => {
  const text = 'const timer = setTimeout(() => reject(new Error(what)), 1_000)\nawait latch.wait\nclearTimeout(timer)'
  expect(sleepers([{ path: 'a.test.ts', text }])).toEqual([])
})
