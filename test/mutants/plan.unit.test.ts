import { expect, test } from 'vitest'
import { MUTANTS } from './all.js'
import { inChaos, inClient, inLoop, inSuite, type Mutant } from './mutant.js'
import { cheapestFirst, isAlone, partOf, readPart, together } from './plan.js'

const name = ({ bug, where }: Mutant): string => `${where}: ${bug}`

test.each([1, 2, 3, 7])('in %d parts there is every bug, once, and the bugs of one file stay together', (of) => {
  const parts = Array.from({ length: of }, (_, i) => partOf(MUTANTS, { number: i + 1, of }))
  expect(parts.flat().map(name).toSorted()).toEqual(MUTANTS.map(name).toSorted())
  const files = parts.flatMap((part) => [...new Set(part.map(({ check }) => check.file))])
  expect(new Set(files).size).toBe(files.length)
})

test('no part of three is twice as large as another by much', () => {
  const sizes = [1, 2, 3].map((number) => partOf(MUTANTS, { number, of: 3 }).length)
  expect(Math.max(...sizes)).toBeLessThan(3 * Math.min(...sizes))
})

test('what has to be alone is dealt out by itself, and the rest as if it were not there', () => {
  const parts = [1, 2, 3].map((number) => partOf(MUTANTS, { number, of: 3 }))
  const alone = parts.map((part) => part.filter(isAlone).length)
  expect(Math.min(...alone)).toBeGreaterThan(0)
  expect(Math.max(...alone) - Math.min(...alone)).toBeLessThanOrEqual(2)
  const others = MUTANTS.filter((one) => !isAlone(one))
  expect(parts.map((part) => part.filter((one) => !isAlone(one)))).toEqual(
    [1, 2, 3].map((number) => partOf(others, { number, of: 3 })),
  )
})

test('a part is one that there is', () => {
  expect(readPart('2/3')).toEqual({ number: 2, of: 3 })
  expect(['', '0/3', '4/3', '1', '1/0', '-1/2', '1/2/3', 'a/b'].map(readPart)).toEqual(Array(8).fill(undefined))
})

test('the cheapest checks come first', () => {
  const slow = inLoop('slow', 'liveness', [])
  const quick = inClient('quick', 'test/queue/wake.unit.test.ts', '', [])
  const suite = inSuite('suite', [])
  const row = inChaos('row', 'calm', [])
  expect(cheapestFirst([row, slow, suite, quick])).toEqual([quick, suite, slow, row])
})

test('the sound copy is asked once per file for all that is asked of it', () => {
  const of = (file: string, tests: string, seeds?: number) => {
    return { what: '', project: 'unit' as const, file, tests, ...(seeds ? { seeds } : {}) }
  }
  expect(together([of('a', 'x'), of('b', '', 300), of('a', 'y'), of('b', 'z', 500)])).toEqual([
    of('a', 'x|y'),
    of('b', '', 500),
  ])
})
