import { expect, test } from 'vitest'
import type { Inspection, State } from '../../src/store.js'
import { type Bond, believe, judge, type Told } from '../../src/wait/judge.js'

const next: Bond = { run: 'next', after: 5 }
const owed: Bond = { ...next, owed: true }

/** What is said of a run, by where its ID is, the epoch of what is kept, and what was told. */
function said(bond: Bond, state: State, epoch = 0, end?: Told['end'], more: Partial<Inspection> = {}): string {
  const seen = { id: 'a', state, attempts: 0, jams: 0, failures: 0, ...more }
  const told = end && { end, position: 7 }
  const judgement = judge(bond, told, seen, { result: epoch === 0 ? null : `s${epoch}`, epoch, log: [] })
  if (judgement.is === 'gone' && judgement.says) return `gone, and ${believe(judgement.says).is} was told`
  return judgement.is === 'done' ? `done ${judgement.result}` : judgement.is
}

test('a kept result of a later run ends a wait wherever the ID is; an earlier one never does', () => {
  for (const state of ['absent', 'queued', 'delayed', 'processing', 'failed', 'remembered'] as const) {
    expect(said(next, state, 6)).toBe('done s6')
    expect(said({ run: 'running', after: 5 }, state, 6)).toBe('done s6')
  }
  for (const state of ['queued', 'delayed'] as const) {
    for (const told of [undefined, 'done', 'failed', 'withdrawn'] as const) {
      expect(said(next, state, 5, told)).toBe('waiting')
    }
  }
})

test('a run goes on as long as one is due that started, or will start, after', () => {
  const token = (epoch: number): Partial<Inspection> => ({ token: `${epoch}:1:w:1` })
  expect(said(owed, 'processing', 0, undefined, { ...token(5), owed: true })).toBe('waiting')
  expect(said(owed, 'processing', 5, 'done', token(6))).toBe('waiting')
  // What was owed was taken back, or the run itself.
  expect(said(owed, 'processing', 0, undefined, token(5))).toBe('withdrawn')
  expect(said(next, 'processing', 0, undefined, { ...token(6), withdrawn: true })).toBe('withdrawn')
  expect(said(next, 'processing', 0, undefined, { ...token(6), withdrawn: true, owed: true })).toBe('waiting')
})

test('of an ID that is nowhere and left nothing, the last that was told decides, once it is the last', () => {
  for (const told of ['done', 'failed', 'withdrawn'] as const) {
    for (const bond of [next, owed]) {
      for (const epoch of [0, 4, 5]) expect(said(bond, 'absent', epoch, told)).toBe(`gone, and ${told} was told`)
    }
  }
  expect(said(next, 'absent')).toBe('gone')
  expect(said(next, 'remembered')).toBe('done null')
})

test('an ID that was absent when the wait began is no more gone than it was, whatever was told before', () => {
  const absent: Bond = { run: 'next', after: 0, absent: 6 }
  expect(said(absent, 'absent')).toBe('waiting')
  expect(said({ ...absent, absent: 7 }, 'absent', 0, 'done')).toBe('waiting')
  expect(said(absent, 'absent', 0, 'done')).toBe('gone, and done was told')
  expect(said(absent, 'absent', 1)).toBe('done s1')
})
