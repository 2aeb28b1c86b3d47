import { expect } from 'vitest'
import type { Role } from '../../src/store.js'
import { done, type Laws, LEASE, PATIENCE } from './scene.js'

/** The verbs that are for hands: withdraw and control; and waiting, and closing. */
export const keeping: Laws = {
  'withdraw takes an ID out wherever it is, and tells where it was': async (q) => {
    await q.fail('f')
    await q.delay('y')
    await q.publish('p', 'q')
    const { token } = await q.claim(1)
    expect(await q.withdraw('q', 'a', 'y', 'p', 'f', 'q', 'f', 'p')).toEqual([
      'queued',
      'absent',
      'delayed',
      'processing',
      'failed',
      'absent',
      'absent',
      'processing',
    ])
    expect(await q.stateOf('q', 'y', 'p', 'f')).toEqual(['absent', 'absent', 'processing', 'absent'])
    expect(await q.inspect('f')).toMatchObject({ failures: 0 })
    expect(await q.settle(done(token, 'p'))).toBe('w')
    await q.pass(10 * LEASE)
    expect((await q.claim(10)).ids).toEqual([])
    expect(await q.counts()).toMatchObject({ committed: 0, failed: 0, totals: { withdrawn: 4, left: 4, done: 0 } })
  },

  'a withdraw that comes again changes nothing': async (q) => {
    await q.publish('a', 'b')
    await q.claim(1)
    await q.withdraw('a', 'b')
    const before = await q.everything('a', 'b')
    expect(await q.withdraw('a', 'b')).toEqual(['processing', 'absent'])
    expect(await q.everything('a', 'b')).toEqual(before)
  },

  'withdrawing a run that is owed is recorded, and it is owed no more': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.withdraw('a')
    await q.publish('a')
    await q.withdraw('a')
    expect((await q.counts()).totals.withdrawn).toBe(2)
    await q.settle(done(token, 'a'))
    expect(await q.stateOf('a')).toEqual(['absent'])
  },

  'clear takes out all that waits and forgets all failures; what is processing goes on': async (q) => {
    await q.fail('f')
    await q.delay('y')
    await q.publish('p', 'q')
    const { token } = await q.claim(1)
    await q.withdraw('p')
    await q.publish('p')
    expect(await q.clear()).toBe(4)
    expect(await q.stateOf('f', 'y', 'p', 'q')).toEqual(['absent', 'absent', 'processing', 'absent'])
    expect(await q.inspect('p')).not.toHaveProperty('owed')
    const { totals, committed } = await q.counts()
    expect(totals.entered - totals.left).toBe(committed)
    expect(totals.withdrawn).toBe(5)
    expect(await q.settle(done(token, 'p'))).toBe('w')
    expect(await q.publish('f', 'y', 'p', 'q')).toBe('qqqq')
    expect((await q.claim(10)).ids).toEqual(['f', 'y', 'p', 'q'])
  },

  'clear of thousands that are processing keeps them all, and what belongs to them': async (q) => {
    const policy = { processing: 'discard', stamp: true } as const
    for (let batch = 0; batch < 5; batch++) {
      const ids = Array.from({ length: 900 }, (_, n) => `${batch} ${n}`)
      const traits = ids.map((id) => ({ payload: id, priority: 7 }))
      await q.store.publish({ ids, policy, traits }, PATIENCE)
      await q.claim(900)
    }
    await q.publish('z')
    expect(await q.clear()).toBe(1)
    expect(await q.clear()).toBe(0)
    expect(await q.counts()).toMatchObject({ committed: 4_500, processing: 4_500, queued: 0, totals: { left: 1 } })
    for (const id of ['0 0', '2 500', '4 899']) {
      expect(await q.inspect(id)).toMatchObject({ state: 'processing', payload: id, priority: 7 })
    }
  },

  'open leaves the digest of the options, and tells the one it found': async (q) => {
    const open = async (digest: string) =>
      (await q.store.control({ order: 'open', digest, role: 'publisher' }, PATIENCE)).digest
    expect([await open('one'), await open('one'), await open('two'), await open('one')]).toEqual(['', '', 'one', 'two'])
  },

  'whoever only looks is told the digest it found, and leaves none': async (q) => {
    const open = async (digest: string, role?: Role) =>
      (await q.store.control({ order: 'open', digest, ...(role ? { role } : {}) }, PATIENCE)).digest
    expect([await open('one'), await open('one', 'dashboard'), await open('two', 'worker')]).toEqual(['', '', ''])
    expect([await open('one'), await open('one', 'dashboard'), await open('two')]).toEqual(['two', 'two', ''])
    expect(await open('two', 'guard')).toBe('')
  },

  'whoever waits is woken by a publish': async (q) => {
    const waiting = q.woken()
    await q.publish('a')
    await waiting
  },

  'work that was there before wakes at once': async (q) => {
    await q.publish('a')
    await q.woken()
  },

  'one token wakes one waiter, the one that waits longest': async (q) => {
    const order: string[] = []
    const first = q.woken().then(() => order.push('first'))
    const second = q.woken().then(() => order.push('second'))
    await q.publish('a', 'b')
    await first
    await q.counts()
    expect(order).toEqual(['first'])
    await q.store.control({ order: 'wake' }, PATIENCE)
    await second
    expect(order).toEqual(['first', 'second'])
  },

  'every verb that makes something claimable, or leaves it so, puts the token back': async (q) => {
    await q.publish('a', 'b')
    await q.woken()
    const { token } = await q.claim(1)
    await q.woken()
    await q.claim(1)
    await q.settle({ end: 'release', token, ids: ['a'] })
    await q.woken()
    await q.sweep()
    await q.woken()
    await q.store.control({ order: 'wake' }, PATIENCE)
    await q.woken()
    await q.step({ leaving: true })
    await q.woken()
    await q.claim(1)
    await q.lapse()
    await q.woken()
  },

  'a waiter that comes back at once is woken, too': async (q) => {
    await q.publish('a')
    for (let n = 0; n < 5; n++) {
      await q.woken()
      const again = q.woken()
      await q.store.control({ order: 'wake' }, PATIENCE)
      await again
      await q.store.control({ order: 'wake' }, PATIENCE)
    }
  },

  'a publish that only takes old places over wakes, too': async (q) => {
    await q.publish('a')
    await q.woken()
    await q.withdraw('a')
    await q.publish('a')
    await q.woken()
  },

  'a wait ends with its time, and with its signal': async (q) => {
    const { signal } = new AbortController()
    await q.store.awaitWork(1, signal)
    await q.store.awaitWork(0, signal)
    const stop = new AbortController()
    const waiting = q.woken(stop.signal)
    stop.abort()
    await waiting
    await q.woken(stop.signal)
    await q.woken(AbortSignal.abort())
  },

  'a waiter that gave up takes no token': async (q) => {
    const stop = new AbortController()
    const waiting = q.woken(stop.signal)
    stop.abort()
    await waiting
    await q.publish('a')
    await q.woken()
  },

  'close ends every wait, refuses every later call, and leaves the queue as it is': async (q) => {
    const other = q.open()
    await q.publish('a', 'b')
    await q.woken()
    const waiting = q.woken()
    await q.store.close()
    await waiting
    await q.store.close()
    const calls = [
      () => q.publish('c'),
      () => q.step({}),
      () => q.sweep(),
      () => q.withdraw('a'),
      () => q.inspect('a'),
      () => q.list('queued'),
      () => q.counts(),
      () => q.store.control({ order: 'wake' }, PATIENCE),
      () => q.audit(),
      () => q.mend(),
      () => q.woken(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'ConvoyError', code: 'CLOSED' })
    expect(await other.counts(PATIENCE)).toMatchObject({ queued: 2 })
  },
}
