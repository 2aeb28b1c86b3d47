import { expect, test } from 'vitest'
import { SCOPES } from './scopes.js'
import { search } from './search.js'

// Every interleaving of publisher, workers, guard and operator, in scopes small enough to be walked to their ends.

test.each(SCOPES)('the laws hold wherever $name leads', { timeout: 300_000 }, (scope) => {
  const { states, transitions, depth, rests } = search(scope)
  console.log(`${scope.name}: ${states} states, ${transitions} transitions, ${depth} deep, ${rests} of rest`)
  // A walk that goes nowhere breaks no law.
  expect(states).toBeGreaterThan(0.9 * scope.states)
  expect(transitions).toBeGreaterThan(states)
  expect(rests).toBeGreaterThan(1)
})

test('all scopes together are no small world', () => {
  expect(new Set(SCOPES.map(({ name }) => name)).size).toBe(SCOPES.length)
  expect(SCOPES.reduce((sum, { states }) => sum + states, 0)).toBeGreaterThan(100_000)
})
