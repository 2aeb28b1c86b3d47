import { expect } from 'vitest'
import { done, type Laws, LEASE, PATIENCE } from './scene.js'

export const sweeping: Laws = {
  'a sweep of a queue where all is well does nothing': async (q) => {
    await q.publish('a', 'b')
    await q.claim(1)
    const before = await q.everything('a', 'b')
    expect(await q.sweep()).toEqual({ held: true, wait: 0, more: false, jammed: [] })
    expect(await q.everything('a', 'b')).toEqual(before)
  },

  'the first jam of an ID brings it to the head of the line': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(1)
    expect((await q.lapse()).jammed).toEqual([{ id: 'a', token, jams: 1, started: true, now: 'queued' }])
    expect(await q.inspect('a')).toMatchObject({ state: 'queued', attempts: 0, jams: 1 })
    expect((await q.counts()).totals).toMatchObject({ jammed: 1, failed: 0, left: 0 })
    expect((await q.claim(2)).ids).toEqual(['a', 'b'])
  },

  'those that jam together come back in the order of their lease ends': async (q) => {
    await q.publish('c', 'b', 'a', 'z')
    await q.claim(1)
    await q.pass(1)
    await q.claim(2)
    await q.lapse()
    expect((await q.claim(4)).ids).toEqual(['c', 'a', 'b', 'z'])
  },

  'later jams wait, the longer the more there were': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse()
    await q.claim(1)
    const { jammed } = await q.lapse({ jitter: 0.5 })
    expect(jammed).toMatchObject([{ id: 'a', jams: 2, now: 'delayed' }])
    expect(await q.inspect('a')).toMatchObject({ state: 'delayed', dueAt: q.now + 2 * LEASE + LEASE / 4, jams: 2 })
    await q.pass(3 * LEASE)
    await q.claim(1)
    expect((await q.lapse()).jammed).toMatchObject([{ jams: 3, now: 'delayed' }])
    expect(await q.inspect('a')).toMatchObject({ dueAt: q.now + 3 * LEASE })
  },

  'past maxJams an ID fails, with the error given': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse({ maxJams: 1 })
    await q.claim(1)
    const { jammed } = await q.lapse({ maxJams: 1, error: '{"code":"JAMMED"}' })
    expect(jammed).toMatchObject([{ id: 'a', jams: 2, now: 'failed' }])
    const failed = { state: 'failed', jams: 0, failures: 1, error: '{"code":"JAMMED"}', failedAt: q.now }
    expect(await q.inspect('a')).toMatchObject(failed)
    expect(await q.counts()).toMatchObject({ committed: 0, failed: 1, totals: { jammed: 2, failed: 1, left: 1 } })
  },

  'with maxJams 0 a lapse is final': async (q) => {
    await q.publish('a')
    await q.claim(1)
    expect((await q.lapse({ maxJams: 0 })).jammed).toMatchObject([{ jams: 1, now: 'failed' }])
  },

  'where the clock is set back, the dead are waited for as long as ever, and no seat of a guard outlives that': async (
    q,
  ) => {
    await q.publish('a', 'b', 'c')
    const guard = (id: string) => ({ id, every: 400 })
    const { token } = await q.claim(2)
    await q.sweep({ guard: guard('g1') })
    await q.pass(-3_600_000)
    // Two at a time: the third call is the first to find none.
    expect(await q.sweep({ guard: guard('g2'), limit: 1 })).toMatchObject({ held: true, more: true, jammed: [] })
    expect(await q.sweep({ guard: guard('g2'), limit: 1 })).toMatchObject({ held: true, more: true, jammed: [] })
    expect(await q.sweep({ guard: guard('g2'), limit: 1 })).toMatchObject({ held: true, more: false, jammed: [] })
    expect(await q.inspect('a')).toMatchObject({ leaseEnd: q.now + LEASE })
    expect(await q.inspect('b')).toMatchObject({ leaseEnd: q.now + LEASE })
    // A claim of now is as long as it was given, and so is one that is renewed.
    await q.claim(1, { lease: 2 * LEASE })
    expect(await q.renew({ token, ids: ['b'] })).toBe('1')
    expect((await q.sweep({ guard: guard('g2') })).more).toBe(false)
    expect(await q.inspect('c')).toMatchObject({ leaseEnd: q.now + 2 * LEASE })
    await q.pass(LEASE - 1)
    expect((await q.sweep()).jammed).toEqual([])
    expect((await q.lapse()).jammed).toMatchObject([{ id: 'a' }, { id: 'b' }, { id: 'c' }])
  },

  'an ID claimed ahead and never begun goes back with nothing counted': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2, { slots: 0 })
    expect((await q.lapse({ maxJams: 0 })).jammed).toEqual([
      { id: 'a', token, jams: 0, started: false, now: 'queued' },
      { id: 'b', token, jams: 0, started: false, now: 'queued' },
    ])
    expect((await q.counts()).totals).toMatchObject({ jammed: 0, failed: 0 })
    expect(await q.claim(2)).toMatchObject({ ids: ['a', 'b'], tries: [] })
  },

  'an ID withdrawn while it was processing is gone, or runs once more when that is owed': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2)
    await q.withdraw('a', 'b')
    await q.publish('b')
    expect((await q.lapse()).jammed).toEqual([
      { id: 'a', token, jams: 0, started: true, now: 'absent' },
      { id: 'b', token, jams: 0, started: true, now: 'queued' },
    ])
    expect(await q.stateOf('a', 'b')).toEqual(['absent', 'queued'])
    expect((await q.counts()).totals).toMatchObject({ jammed: 0, withdrawn: 2, left: 1 })
  },

  'success clears jams': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse()
    const { token } = await q.claim(1)
    await q.settle(done(token, 'a'))
    await q.publish('a')
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], tries: [] })
    expect((await q.lapse()).jammed).toMatchObject([{ jams: 1, now: 'queued' }])
  },

  'a lapsed claim is recovered once': async (q) => {
    await q.publish('a')
    await q.claim(1)
    expect((await q.lapse()).jammed).toHaveLength(1)
    expect(await q.sweep()).toMatchObject({ jammed: [], wait: 0 })
  },

  'a sweep that comes late gives the living half a lease to renew': async (q) => {
    await q.publish('alive', 'dead')
    const { token } = await q.claim(2)
    await q.sweep()
    // The server is away for longer than a lease, and the workers with it.
    await q.pass(10 * LEASE)
    expect(await q.sweep()).toEqual({ held: true, wait: LEASE / 4, more: false, jammed: [] })
    await q.pass(200)
    expect(await q.renew({ token, ids: ['alive'] })).toBe('1')
    expect(await q.sweep()).toMatchObject({ wait: LEASE / 4, jammed: [] })
    await q.pass(LEASE / 2 - 200)
    expect((await q.sweep()).jammed).toMatchObject([{ id: 'dead' }])
    expect(await q.stateOf('alive', 'dead')).toEqual(['processing', 'queued'])
  },

  'a second outage within that time is noticed: the living get their time anew': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.sweep()
    await q.pass(10 * LEASE)
    expect(await q.sweep()).toMatchObject({ wait: LEASE / 4, jammed: [] })
    // Away again at once, and back when the time would have been over.
    await q.pass(LEASE / 2 + 1)
    expect(await q.sweep()).toMatchObject({ wait: LEASE / 4, jammed: [] })
    expect(await q.renew({ token, ids: ['a'] })).toBe('1')
    await q.pass(LEASE / 2)
    expect(await q.sweep()).toMatchObject({ jammed: [] })
    expect(await q.stateOf('a')).toEqual(['processing'])
  },

  'sweeps less than half a lease apart recover at the lease end': async (q) => {
    await q.publish('a')
    await q.claim(1)
    for (let at = 0; at < LEASE; at += LEASE / 4) {
      expect(await q.sweep()).toMatchObject({ jammed: [], wait: 0 })
      await q.pass(LEASE / 4)
    }
    expect((await q.sweep()).jammed).toMatchObject([{ id: 'a' }])
  },

  'a long job that is renewed is never recovered': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    for (let n = 0; n < 30; n++) {
      await q.pass(LEASE / 3)
      expect(await q.renew({ token, ids: ['a'] })).toBe('1')
      expect((await q.sweep()).jammed).toEqual([])
    }
    expect(await q.settle(done(token, 'a'))).toBe('1')
  },

  'of many guards one works, until its lease on the queue ends': async (q) => {
    const guard = (id: string) => ({ guard: { id, every: 400 } })
    await q.publish('a')
    await q.claim(1)
    expect(await q.sweep(guard('one'))).toMatchObject({ held: true })
    expect(await q.sweep(guard('two'))).toEqual({ held: false, wait: 600, more: false, jammed: [] })
    await q.pass(400)
    expect(await q.sweep(guard('one'))).toMatchObject({ held: true })
    await q.pass(599)
    expect(await q.sweep(guard('two'))).toMatchObject({ held: false, wait: 1 })
    await q.pass(1)
    expect(await q.sweep(guard('two'))).toMatchObject({ held: true })
    expect(await q.sweep(guard('one'))).toMatchObject({ held: false })
  },

  'a guard does not wait for one that sweeps more seldom than itself': async (q) => {
    expect(await q.sweep({ guard: { id: 'seldom', every: 600_000 } })).toMatchObject({ held: true })
    expect(await q.sweep({ guard: { id: 'often', every: 100 } })).toMatchObject({ held: false, wait: 150 })
    await q.pass(150)
    expect(await q.sweep({ guard: { id: 'often', every: 100 } })).toMatchObject({ held: true })
  },

  "a sweep by hand needs nobody's leave": async (q) => {
    await q.sweep({ guard: { id: 'one', every: 1_000_000 } })
    await q.publish('a')
    await q.claim(1)
    expect((await q.lapse()).jammed).toHaveLength(1)
  },

  'a sweep recovers as many as asked for, and says that there are more': async (q) => {
    await q.publish('a', 'b', 'c')
    await q.claim(3)
    const one = await q.lapse({ limit: 2 })
    expect(one).toMatchObject({ more: true, jammed: [{ id: 'a' }, { id: 'b' }] })
    expect(await q.sweep({ limit: 2 })).toMatchObject({ more: false, jammed: [{ id: 'c' }] })
  },

  'a sweep moves what is due to the line, in the order of being due': async (q) => {
    await q.delay('b', 20_000)
    await q.delay('a', 20_000)
    await q.publish('z')
    await q.pass(100_000)
    await q.sweep()
    expect(await q.stateOf('a', 'b')).toEqual(['queued', 'queued'])
    expect((await q.list('queued')).ids).toEqual(['z', 'b', 'a'])
  },

  'failures by jamming keep to keepFailed, too': async (q) => {
    await q.fail('old')
    await q.publish('a', 'b')
    await q.claim(2)
    await q.lapse({ maxJams: 0, keepFailed: 2 })
    expect((await q.list('failed')).ids).toEqual(['a', 'b'])
  },

  'the step record of a worker that was silent for an hour is dropped': async (q) => {
    await q.step({ number: 1 })
    await q.step({ number: 3 })
    await q.pass(3_600_000 - 1)
    await q.sweep()
    await expect(q.step({ number: 1 })).rejects.toMatchObject({ code: 'REFUSED' })
    await q.pass(1)
    await q.sweep()
    expect(await q.store.step(q.next({ number: 1 }), PATIENCE)).toMatchObject({ ids: [] })
  },

  'so are those of a worker that left, in every lane': async (q) => {
    await q.step({ number: 3, lane: 0, leaving: true })
    await q.pass(3_600_000 - 1)
    await q.sweep()
    for (const lane of [0, 1, 2] as const) {
      await expect(q.step({ number: 1, lane })).rejects.toMatchObject({ code: 'REFUSED' })
    }
    await q.pass(1)
    await q.sweep()
    for (const lane of [0, 1, 2] as const) expect(await q.step({ number: 1, lane })).toMatchObject({ ids: [] })
  },
}
