import { expect } from 'vitest'
import type { StepPolicy } from '../../src/policy.js'
import { done, type Laws, LEASE, PATIENCE, type Scene } from './scene.js'

/** Runs an ID through, done. */
async function run(q: Scene, policy: StepPolicy, text?: string): Promise<void> {
  const { token } = await q.claim(1)
  const results = text === undefined ? {} : { results: [{ text, ttl: 5_000 }] }
  await q.step({ settle: [{ end: 'done', token, ids: ['a'], ...results }], policy })
}

export const remembering: Laws = {
  'a done ID is remembered for its time, and absorbs a publish': async (q) => {
    await q.publish('a')
    await run(q, { remember: 1_000 })
    expect(await q.inspect('a')).toMatchObject({ state: 'remembered', forgetAt: q.now + 1_000 })
    expect(await q.counts()).toMatchObject({ committed: 0, remembered: 1 })
    await q.pass(999)
    expect(await q.publish('a')).toBe('m')
    await q.pass(1)
    expect(await q.stateOf('a')).toEqual(['absent'])
    expect(await q.publish('a')).toBe('q')
    expect(await q.counts()).toMatchObject({ committed: 1, remembered: 0 })
  },

  'it is remembered from its end, or from its first publish': async (q) => {
    const first = q.now
    await q.put('a', {}, { stamp: true })
    await q.pass(400)
    await q.put('a', {}, { stamp: true })
    await run(q, { remember: 1_000, rememberFrom: 'publish' })
    expect(await q.inspect('a')).toMatchObject({ forgetAt: first + 1_000 })
    await q.pass(600)
    await q.put('a', {}, { stamp: true })
    await q.pass(2_000)
    await run(q, { remember: 1_000, rememberFrom: 'publish' })
    expect(await q.stateOf('a')).toEqual(['absent'])
  },

  'what failed, was withdrawn, or has a run owed is not remembered': async (q) => {
    const policy = { remember: 9_000 }
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(3)
    await q.withdraw('b')
    await q.put('c', {}, { processing: 'rerun' })
    await q.step({ settle: [{ end: 'fail', token, ids: ['a'], errors: ['{}'] }, done(token, 'b', 'c')], policy })
    expect(await q.stateOf('a', 'b', 'c')).toEqual(['failed', 'absent', 'queued'])
  },

  'of a remembered ID a publish is told the result': async (q) => {
    await q.publish('a')
    await run(q, { remember: 9_000 }, 'the result')
    expect(await q.put('a')).toMatchObject({ verdicts: 'm', results: ['the result'] })
    const { verdicts, results } = await q.store.publish(
      { ids: ['b', 'a'], policy: { processing: 'discard' } },
      PATIENCE,
    )
    expect([verdicts, results]).toEqual(['qm', [null, 'the result']])
    await q.pass(5_000)
    expect(await q.put('a')).toEqual({ verdicts: 'm', repeated: false })
  },

  'a result is kept for its time, whether its ID is remembered or not, and tells of which run it is': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    const epoch = Number(token.split(':')[0])
    await q.settle({ end: 'done', token, ids: ['a'], results: [{ text: 'a b', ttl: 1_000 }] })
    await q.pass(999)
    expect(await q.recall('a')).toEqual({ result: 'a b', epoch, log: [] })
    await q.pass(1)
    expect(await q.recall('a')).toEqual({ result: null, epoch: 0, log: [] })
  },

  'results of a batch are each their own ID’s': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(3)
    const results = ['1', '', '3'].map((text, i) => ({ text, ttl: i === 2 ? 0 : 1_000 }))
    await q.settle({ end: 'done', token, ids: ['a', 'b', 'c'], results })
    const kept = await q.store.recall(['b', 'c', 'a', 'd'], PATIENCE)
    expect(kept.map(({ result }) => result)).toEqual(['', null, '1', null])
  },

  'a run that keeps no result ends what an earlier one has left': async (q) => {
    for (const [n, results] of [
      [{ text: 'first', ttl: 9_000 }],
      undefined,
      [{ text: 'third', ttl: 9_000 }],
    ].entries()) {
      await q.publish('a', 'b')
      const { token } = await q.claim(2)
      await q.report({ id: 'a', token, log: { lines: [`run ${n}`], most: 6, ttl: 9_000 } })
      await q.settle({ end: 'done', token, ids: ['a'], ...(results ? { results } : {}) }, done(token, 'b'))
      const result = ['first', null, 'third'][n]
      expect(await q.recall('a')).toMatchObject({ result, log: [`run ${n}`] })
      expect(await q.recall('b')).toMatchObject({ result: null })
    }
  },

  'what is withdrawn is forgotten, with its result': async (q) => {
    await q.publish('a')
    await run(q, { remember: 9_000 }, 'the result')
    expect(await q.withdraw('a', 'a')).toEqual(['remembered', 'absent'])
    expect(await q.recall('a')).toMatchObject({ result: null })
    expect((await q.counts()).totals.withdrawn).toBe(1)
    expect(await q.publish('a')).toBe('q')
  },

  'to clear is to forget': async (q) => {
    await q.publish('a')
    await run(q, { remember: 9_000 }, 'the result')
    await q.clear()
    expect(await q.recall('a')).toMatchObject({ result: null })
    expect(await q.counts()).toMatchObject({ remembered: 0 })
    expect(await q.publish('a')).toBe('q')
  },

  'what lapsed goes, a hundred a call': async (q) => {
    const ids = Array.from({ length: 250 }, (_, n) => `id ${n}`)
    await q.publish(...ids)
    const { token } = await q.claim(250)
    await q.step({ settle: [done(token, ...ids)], policy: { remember: 1_000 } })
    await q.pass(1_000)
    const left: number[] = []
    for (const _ of [1, 2, 3]) {
      await q.sweep()
      left.push((await q.counts()).remembered)
    }
    expect(left).toEqual([150, 50, 0])
  },

  'a running job tells its progress, until it ends': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    expect(await q.report({ id: 'a', token, progress: '0.25' })).toBe(true)
    expect(await q.report({ id: 'a', token, progress: '{"half":"é"}' })).toBe(true)
    expect(await q.inspect('a')).toMatchObject({ progress: '{"half":"é"}' })
    await q.lapse()
    expect(await q.inspect('a')).not.toHaveProperty('progress')
    expect(await q.report({ id: 'a', token, progress: '1' })).toBe(false)
    await q.claim(1)
    expect(await q.report({ id: 'a', token, progress: '1' })).toBe(false)
    expect(await q.inspect('a')).not.toHaveProperty('progress')
  },

  'of what a job logs the newest lines are kept, and outlive it': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    const log = (...lines: string[]) => q.report({ id: 'a', token, log: { lines, most: 11, ttl: 1_000 } })
    await log('one', 'two')
    await log('three')
    expect((await q.recall('a')).log).toEqual(['two', 'three'])
    await log('éééééééé')
    expect((await q.recall('a')).log).toEqual(['ééééé'])
    await q.settle(done(token, 'a'))
    expect((await q.recall('a')).log).toEqual(['ééééé'])
    expect(await log('late')).toBe(false)
    await q.pass(LEASE)
    expect((await q.recall('a')).log).toEqual([])
  },
}
