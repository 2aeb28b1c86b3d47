import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../house/sources.js'
import { inOrder, LONGEST } from './longest-first.js'

test('the longest come first, and the rest stays as it was', () => {
  const files = ['b.test.ts', 'store.test.ts', 'a.test.ts', 'my-store.test.ts', 'simulation/liveness.test.ts']
  const sorted = ['simulation/liveness.test.ts', 'store.test.ts', 'b.test.ts', 'a.test.ts', 'my-store.test.ts']
  expect(inOrder(files, (file) => `/home/test/${file}`)).toEqual(sorted)
})

test('a file that is named is there', () => {
  expect(LONGEST.filter((file) => !existsSync(join(ROOT, 'test', file)))).toEqual([])
  expect(new Set(LONGEST).size).toBe(LONGEST.length)
})
