import { expect } from 'vitest'
import { done, fail, type Laws, LEASE, PATIENCE, release } from './scene.js'

export const settling: Laws = {
  'a done ID is free: it may be published again': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    expect(await q.settle(done(token, 'a'))).toBe('1')
    expect(await q.stateOf('a')).toEqual(['absent'])
    expect((await q.counts()).totals).toMatchObject({ entered: 1, left: 1, done: 1 })
    expect(await q.publish('a')).toBe('q')
  },

  'released IDs go back to the head of the line in the order given, and nothing is counted': async (q) => {
    await q.publish('a', 'b', 'c', 'd')
    const { token } = await q.claim(3)
    expect(await q.settle(release(token, 'a', 'b', 'c'))).toBe('111')
    expect(await q.inspect('a')).toEqual({ id: 'a', state: 'queued', attempts: 0, jams: 0, failures: 0 })
    expect((await q.counts()).totals).toMatchObject({ done: 0, failed: 0, jammed: 0, lost: 0, left: 0 })
    expect((await q.claim(4)).ids).toEqual(['a', 'b', 'c', 'd'])
  },

  'a failed ID is out of the queue, with its error, when and how often': async (q) => {
    await q.fail('a', '{"message":"no"}')
    expect(await q.inspect('a')).toEqual({
      id: 'a',
      state: 'failed',
      attempts: 0,
      jams: 0,
      failures: 1,
      error: '{"message":"no"}',
      failedAt: q.now,
    })
    expect(await q.counts()).toMatchObject({ committed: 0, failed: 1, totals: { failed: 1, left: 1 } })
  },

  'of the failed as many are kept as asked for, the oldest dropped with their errors': async (q) => {
    for (const id of ['a', 'b', 'c', 'd']) {
      await q.fail(id, '{}', 2)
      await q.pass(1)
    }
    expect((await q.list('failed')).ids).toEqual(['c', 'd'])
    expect(await q.inspect('b')).toEqual({ id: 'b', state: 'absent', attempts: 0, jams: 0, failures: 0 })
    await q.fail('e', '{}', 0)
    expect((await q.list('failed')).ids).toEqual([])
  },

  'a settle with another token is lost and changes nothing': async (q) => {
    await q.publish('a', 'b')
    const one = await q.claim(1)
    const two = await q.claim(1, { worker: 'w2' })
    const before = await q.everything('a', 'b')
    for (const token of [two.token, '', one.token.slice(0, -1), `${one.token}0`, '0:0:w1:1']) {
      expect(await q.settle(done(token, 'a'))).toBe('0')
      expect(await q.settle(release(token, 'a'))).toBe('0')
      expect(await q.settle(fail(token, 'a'))).toBe('0')
    }
    expect((await q.counts()).totals.lost).toBe(15)
    expect(JSON.stringify(await q.everything('a', 'b'))).toBe(JSON.stringify(before).replace('"lost":0', '"lost":15'))
  },

  // The first that is refused is refused by the short way through a plain lane: after it this client goes the long one.
  'two settled at once under another token are lost': async (q) => {
    await q.publish('a', 'b', 'c')
    const [, two] = [await q.claim(2), await q.claim(1, { worker: 'w2' })]
    expect(await q.settle(done(two.token, 'a', 'b'))).toBe('00')
    expect(await q.stateOf('a', 'b', 'c')).toEqual(['processing', 'processing', 'processing'])
  },

  'two settled at once by what marks a claim ahead are lost': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(3, { slots: 1 })
    expect(await q.settle(done(`~${token}`, 'b', 'c'))).toBe('00')
    expect(await q.settle(done(token, 'a', 'b', 'c'))).toBe('111')
  },

  'two that are settled at once again, under another number, are lost': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2)
    expect(await q.settle(done(token, 'a', 'b'))).toBe('11')
    expect(await q.settle(done(token, 'a', 'b'))).toBe('00')
    expect((await q.counts()).totals).toMatchObject({ done: 2, left: 2, lost: 2 })
  },

  'what marks a claim ahead belongs to no token: a settle or renewal that spells it is lost': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2, { slots: 1 })
    expect(await q.settle(done(`~${token}`, 'b'))).toBe('0')
    expect(await q.settle(done(`~${token}`, 'a'))).toBe('0')
    expect(await q.renew({ token: `~${token}`, ids: ['a', 'b'] })).toBe('00')
    expect(await q.stateOf('a', 'b')).toEqual(['processing', 'processing'])
    expect(await q.settle(done(token, 'a', 'b'))).toBe('11')
  },

  'a settle that comes again, under another number, is lost': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.settle(done(token, 'a'))
    await q.publish('a')
    expect(await q.settle(done(token, 'a'))).toBe('0')
    expect(await q.stateOf('a')).toEqual(['queued'])
  },

  'a late settle is accepted as long as no sweep has taken the ID': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.pass(10 * LEASE)
    expect(await q.settle(done(token, 'a'))).toBe('1')
    expect(await q.stateOf('a')).toEqual(['absent'])
  },

  'a settle after a sweep has taken the ID is lost, and leaves the next claim alone': async (q) => {
    await q.publish('a')
    const old = await q.claim(1)
    await q.lapse()
    const young = await q.claim(1, { worker: 'w2' })
    expect(young.ids).toEqual(['a'])
    const before = await q.inspect('a')
    expect(await q.settle(done(old.token, 'a'))).toBe('0')
    expect(await q.renew({ token: old.token, ids: ['a'] })).toBe('0')
    expect(await q.inspect('a')).toEqual(before)
    expect(await q.settle(done(young.token, 'a'))).toBe('1')
  },

  'marks come in the order asked, whatever is done, released or failed': async (q) => {
    await q.publish('a', 'b', 'c', 'd', 'e', 'f')
    const { token } = await q.claim(6)
    await q.withdraw('d')
    const marks = await q.settle(
      release(token, 'b'),
      fail(token, 'd', 'c'),
      done('x', 'e'),
      done(token, 'a'),
      fail('x', 'nowhere'),
      fail(token, 'f'),
    )
    expect(marks).toBe('1w10101')
    const states = ['absent', 'queued', 'failed', 'absent', 'processing', 'failed']
    expect(await q.stateOf('a', 'b', 'c', 'd', 'e', 'f')).toEqual(states)
    expect(await q.inspect('c')).toMatchObject({ error: '{"of":"c"}' })
    expect(await q.inspect('f')).toMatchObject({ error: '{"of":"f"}' })
  },

  'when all are accepted no marks are sent': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    expect(await q.step({ renew: [{ token, ids: ['a'] }] })).toMatchObject({ renewed: '' })
    expect(await q.step({ settle: [done(token, 'a')] })).toMatchObject({ settled: '' })
  },

  'what is withdrawn from one state leaves all others where and as they are': async (q) => {
    const ids = { queued: 'waits', delayed: 'is late', processing: 'runs', failed: 'failed' } as const
    const all = [...Object.values(ids), 'absent']
    await q.fail(ids.failed)
    await q.delay(ids.delayed)
    await q.put(ids.processing, { payload: 'p' })
    const { token } = await q.claim(1)
    await q.put(ids.queued, { payload: 'q', priority: 1 })
    const before = await q.store.inspect(all, PATIENCE)
    const states = ['queued', 'delayed', 'processing', 'failed'] as const
    for (const from of states) {
      const others = all.filter((id) => id !== ids[from])
      const met = [...states, 'absent' as const].filter((state) => state !== from)
      expect(await q.withdrawFrom(from, ...others), from).toEqual(met)
    }
    expect(await q.store.inspect(all, PATIENCE)).toEqual(before)
    expect((await q.counts()).totals.withdrawn).toBe(0)
    for (const from of states) {
      const again = from === 'processing' ? from : 'absent'
      expect(await q.withdrawFrom(from, 'absent', ids[from], ids[from])).toEqual(['absent', from, again])
    }
    expect(await q.settle(done(token, ids.processing))).toBe('w')
    const { committed, failed, totals } = await q.counts()
    expect({ committed, failed, withdrawn: totals.withdrawn }).toEqual({ committed: 0, failed: 0, withdrawn: 4 })
  },

  'a withdrawn run does not count, however it ends': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(3)
    expect(await q.withdraw('a', 'b', 'c')).toEqual(['processing', 'processing', 'processing'])
    expect(await q.settle(done(token, 'a'), release(token, 'b'), fail(token, 'c'))).toBe('www')
    expect(await q.stateOf('a', 'b', 'c')).toEqual(['absent', 'absent', 'absent'])
    expect((await q.counts()).totals).toMatchObject({ done: 0, failed: 0, withdrawn: 3, left: 3 })
  },

  'the run that is owed goes to the tail, with nothing of the withdrawn one': async (q) => {
    await q.fail('a')
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.withdraw('a')
    await q.publish('a', 'b')
    expect(await q.settle(fail(token, 'a'))).toBe('w')
    expect(await q.inspect('a')).toEqual({ id: 'a', state: 'queued', attempts: 0, jams: 0, failures: 0 })
    expect((await q.claim(2)).ids).toEqual(['b', 'a'])
  },

  'a renewal sets the lease end, also after it has passed': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.pass(700)
    expect(await q.renew({ token, ids: ['a'] })).toBe('1')
    expect(await q.inspect('a')).toMatchObject({ leaseEnd: q.now + LEASE, token })
    await q.pass(5 * LEASE)
    expect(await q.renew({ token, ids: ['a'] })).toBe('1')
    expect(await q.inspect('a')).toMatchObject({ leaseEnd: q.now + LEASE, token })
  },

  'a renewal of a withdrawn ID says so, and holds it until its run has ended; one of a lost ID changes nothing': async (
    q,
  ) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2)
    await q.withdraw('a')
    await q.settle(done(token, 'b'))
    await q.pass(700)
    expect(await q.renew({ token, ids: ['a', 'b'] })).toBe('w0')
    expect(await q.inspect('a')).toMatchObject({ leaseEnd: q.now + LEASE, withdrawn: true })
    expect(await q.stateOf('b')).toEqual(['absent'])
  },
}
