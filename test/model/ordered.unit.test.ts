import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Deque } from '../../src/memory/deque.js'
import { compareBytes, Ordered } from '../../src/memory/ordered.js'

const text = fc.string({ unit: 'binary', maxLength: 6 })

test('IDs of one score stand in the order of their UTF-8 bytes', () => {
  expect('🚚' < '～').toBe(true)
  expect(compareBytes('🚚', '～')).toBeGreaterThan(0)
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})

test('an Ordered of thousands is what sorting would give, whatever is added, moved and removed', () => {
  // Few scores and many IDs: chunks split and empty, and the bytes decide.
  const change = fc.record({ id: fc.nat(3_000), score: fc.nat(40), drop: fc.nat(3).map((n) => n === 0) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 2_000, maxLength: 5_000, size: 'max' }), (changes) => {
      const ordered = new Ordered()
      const plain = new Map<string, number>()
      for (const { id, score, drop } of changes) {
        const name = `id:${id}`
        if (drop) {
          expect(ordered.delete(name)).toBe(plain.delete(name))
        } else {
          ordered.set(name, score)
          plain.set(name, score)
        }
      }
      const sorted = [...plain].sort(([a, x], [b, y]) => x - y || compareBytes(a, b))
      const names = (rows: readonly (readonly [string, number])[]): string[] => rows.map(([id]) => id)
      expect(ordered.size).toBe(plain.size)
      expect(ordered.slice()).toEqual(names(sorted))
      expect(ordered.slice(700, 50)).toEqual(names(sorted.slice(700, 750)))
      expect(ordered.between(7, 9)).toEqual(names(sorted.filter(([, score]) => score >= 7 && score <= 9)))
      expect(ordered.between(Number.NEGATIVE_INFINITY, 20, 13)).toEqual(names(sorted.slice(0, 13)))
      expect(ordered.popLeast(600)).toEqual(names(sorted.slice(0, 600)))
      expect(ordered.slice()).toEqual(names(sorted.slice(600)))
    }),
    { numRuns: 20 },
  )
})

test('a Deque is an array with cheap ends, through growing, shrinking and wrapping', () => {
  const change = fc.constantFrom('push', 'push', 'unshift', 'shift', 'shift', 'burst', 'drain', 'clone')
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (changes) => {
      let deque = new Deque<number>()
      const plain: number[] = []
      let n = 0
      for (const how of changes) {
        if (how === 'push') deque.push(++n) ?? plain.push(n)
        if (how === 'unshift') deque.unshift(++n) ?? plain.unshift(n)
        if (how === 'shift') expect(deque.shift()).toBe(plain.shift())
        if (how === 'burst') for (let i = 0; i < 40; i++) deque.push(++n) ?? plain.push(n)
        if (how === 'drain') for (let i = 0; i < 60; i++) expect(deque.shift()).toBe(plain.shift())
        if (how === 'clone') deque = deque.clone()
        expect(deque.size).toBe(plain.length)
        expect(deque.at(0)).toBe(plain[0])
      }
      expect(deque.slice()).toEqual(plain)
      expect(deque.slice(3, 4)).toEqual(plain.slice(3, 7))
      expect(deque.at(-1)).toBeUndefined()
    }),
  )
})
