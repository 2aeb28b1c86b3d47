import { expect } from 'vitest'
import type { StepPolicy } from '../../src/policy.js'
import { done, type Laws, LEASE, PATIENCE, type Scene } from './scene.js'

/** Runs an ID through, done. */
async function run(q: Scene, policy: StepPolicy, text?: string): Promise<void> {
  const { token } = await q.claim(1)
  const results = text === undefined ? {} : { results: [{ text, ttl: 5_000 }] }
  await q.step({ settle: [{ end: 'done', token, ids: ['a'], ...results }], policy })
}

/** Runs so many IDs through, done; with a `ttl`, each with a result that is kept for so many ms. */
async function many(q: Scene, count: number, policy: StepPolicy, ttl?: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => `id ${from + n} of ${ttl ?? 0}`)
    await q.publish(...ids)
    const { token } = await q.claim(500)
    const results = ttl === undefined ? {} : { results: ids.map(() => ({ text: '1', ttl })) }
    await q.step({ settle: [{ ...done(token, ...ids), ...results }], policy })
  }
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

  'a run that was owed is remembered from the publish that asked for it, whatever it met': async (q) => {
    const policy = { remember: 9_000, rememberFrom: 'publish' } as const
    const rerun = { stamp: true, processing: 'rerun' } as const
    const lease = 60_000
    for (const end of ['done', 'fail', 'release', 'retry', 'supersede', 'withdraw', 'lapse'] as const) {
      await q.put('a', {}, rerun)
      const { token } = await q.claim(1, { lease: end === 'lapse' ? 2_000 : lease })
      await q.pass(1_000)
      if (end === 'withdraw') await q.withdraw('a')
      const asked = q.now
      // Later ones only renew what is owed already.
      expect((await q.put('a', {}, end === 'supersede' ? { ...rerun, processing: end } : rerun)).verdicts).toBe('r')
      await q.pass(500)
      await q.put('a', { delay: 600 }, { ...rerun, timing: 'latest', maxWait: 60_000 })
      if (end === 'lapse') await q.lapse()
      const how = { token, ids: ['a'], errors: ['{}'], delays: [0] }
      const said = end === 'supersede' || end === 'withdraw' ? 'release' : end
      if (said !== 'lapse') await q.step({ settle: [{ ...how, end: said }], policy })
      await q.pass(1_000)
      const next = await q.claim(1, { lease })
      await q.pass(1_000)
      await q.step({ settle: [done(next.token, 'a')], policy })
      expect([end, await q.inspect('a')]).toMatchObject([end, { state: 'remembered', forgetAt: asked + 9_000 }])
      await q.withdraw('a')
    }
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

  'what lapsed goes, a thousand a call, and a sweep says when there may be more': async (q) => {
    await many(q, 1_500, { remember: 1_000 })
    await many(q, 1_500, {}, 1_000)
    await q.pass(1_000)
    // Of the results as many go as of the remembered, and none of the one stands in for one of the other.
    expect([(await q.sweep()).more, (await q.counts()).remembered]).toEqual([true, 500])
    expect([(await q.sweep()).more, (await q.counts()).remembered]).toEqual([false, 0])
    await many(q, 1_000, {}, 1_000)
    await q.pass(1_000)
    expect([(await q.sweep()).more, (await q.sweep()).more]).toEqual([true, false])
  },

  'a step drops no less than it adds, whether it claims or not': async (q) => {
    const ids = Array.from({ length: 800 }, (_, n) => `id ${n}`)
    await q.publish(...ids)
    const { token } = await q.claim(800, { lease: 9 * LEASE })
    const [first, second] = [ids.slice(0, 400), ids.slice(400)]
    await q.step({ settle: [done(token, ...first)], policy: { remember: 1_000 } })
    await q.pass(1_000)
    await q.step({ settle: [done(token, ...second)], policy: { remember: 1_000 } })
    expect(await q.counts()).toMatchObject({ committed: 0, remembered: 400 })
    await q.pass(1_000)
    await q.claim(1)
    expect(await q.counts()).toMatchObject({ remembered: 0 })
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
