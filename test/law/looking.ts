import { expect } from 'vitest'
import { done, type Laws, LEASE, PATIENCE } from './scene.js'

export const looking: Laws = {
  'inspect knows an ID in every state, in the order asked': async (q) => {
    await q.fail('f')
    await q.delay('y')
    await q.publish('p', 'q')
    const { token } = await q.claim(1)
    expect(await q.stateOf('q', 'p', 'y', 'f', 'a', 'q')).toEqual([
      'queued',
      'processing',
      'delayed',
      'failed',
      'absent',
      'queued',
    ])
    const rest = { attempts: 0, jams: 0, failures: 0 }
    expect(await q.inspect('a')).toEqual({ id: 'a', state: 'absent', ...rest })
    expect(await q.inspect('p')).toEqual({ id: 'p', state: 'processing', leaseEnd: q.now + LEASE, token, ...rest })
    expect(await q.inspect('y')).toEqual({ id: 'y', state: 'delayed', dueAt: q.now + 2 * LEASE, ...rest, jams: 2 })
  },

  'counts tell each state, the totals and the clock': async (q) => {
    await q.fail('f')
    await q.delay('y')
    await q.publish('d', 'p', 'q', 'r', 'd')
    const { token } = await q.claim(2)
    await q.settle(done(token, 'd'), done('x', 'p'))
    expect(await q.counts()).toEqual({
      now: q.now,
      committed: 4,
      queued: 2,
      delayed: 1,
      processing: 1,
      failed: 1,
      totals: {
        entered: 6,
        left: 2,
        published: 7,
        duplicates: 1,
        done: 1,
        failed: 1,
        jammed: 2,
        lost: 1,
        withdrawn: 0,
        retried: 0,
      },
      runningSince: q.now,
      approximate: false,
      waitingSince: expect.any(Number),
      remembered: 0,
      paused: false,
    })
  },

  'an empty queue has no oldest': async (q) => {
    expect(await q.counts()).toMatchObject({ committed: 0, runningSince: -1, waitingSince: -1, approximate: false })
    expect(await q.list('queued')).toEqual({ ids: [], cursor: null })
  },

  'runningSince is when the oldest started claim began, whatever was renewed since': async (q) => {
    await q.publish('a', 'b', 'c')
    await q.claim(1, { slots: 0 })
    expect(await q.counts()).toMatchObject({ runningSince: -1 })
    await q.pass(100)
    const since = q.now
    const { token } = await q.claim(1)
    await q.pass(300)
    await q.claim(1)
    await q.renew({ token, ids: ['b'] })
    expect(await q.counts()).toMatchObject({ runningSince: since })
    await q.settle(done(token, 'b'))
    expect(await q.counts()).toMatchObject({ runningSince: since + 300 })
  },

  'runningSince is approximate beyond a thousand running': async (q) => {
    for (const from of [0, 1_000]) {
      await q.publish(...Array.from({ length: 1_000 }, (_, n) => `id ${from + n}`))
    }
    await q.claim(1_000)
    expect(await q.counts()).toMatchObject({ approximate: false, runningSince: q.now })
    await q.claim(1)
    expect(await q.counts()).toMatchObject({ approximate: true, runningSince: q.now })
  },

  'waitingSince tells within a second when the head of the line was published': async (q) => {
    const published: number[] = []
    for (let n = 0; n < 40; n++) {
      await q.publish(`id ${n}`)
      published.push(q.now)
      await q.pass(n % 5 === 0 ? 2_500 : 300)
    }
    for (const at of published) {
      const { waitingSince } = await q.counts()
      expect(at - waitingSince).toBeGreaterThanOrEqual(0)
      expect(at - waitingSince).toBeLessThan(1_000)
      const { token, ids } = await q.claim(1)
      await q.settle(done(token, ...ids))
    }
    expect(await q.counts()).toMatchObject({ waitingSince: -1 })
  },

  'waitingSince is known at once after a clear': async (q) => {
    await q.publish('a')
    await q.pass(10)
    await q.clear()
    await q.publish('b')
    const { waitingSince } = await q.counts()
    expect(q.now - waitingSince).toBeLessThan(1_000)
    expect(waitingSince).toBeLessThanOrEqual(q.now)
  },

  'every state is listed page by page until there is no cursor': async (q) => {
    const ids = Array.from({ length: 7 }, (_, n) => `id ${n}`)
    const pages = async (state: 'queued' | 'processing' | 'failed'): Promise<string[]> => {
      const all: string[] = []
      let cursor: number | null = 0
      let turns = 0
      while (cursor !== null && turns++ < 10) {
        const page = await q.list(state, cursor, 3)
        expect(page.ids.length).toBeLessThanOrEqual(3)
        all.push(...page.ids)
        cursor = page.cursor
      }
      expect(turns).toBe(3)
      return all
    }
    await q.publish(...ids)
    expect(await pages('queued')).toEqual(ids)
    const { token } = await q.claim(7)
    expect(await pages('processing')).toEqual(ids)
    await q.settle({ end: 'fail', token, ids, errors: ids })
    expect(await pages('failed')).toEqual(ids)
    expect((await q.list('failed', 0, 7)).cursor).toBeNull()
    expect(await q.list('failed', 7, 7)).toEqual({ ids: [], cursor: null })
  },

  'delayed IDs are listed by when they are due, failed ones by when they failed': async (q) => {
    await q.fail('z')
    await q.pass(1)
    await q.fail('f')
    await q.delay('y', 20_000)
    await q.delay('d', 20_000)
    expect((await q.list('delayed')).ids).toEqual(['y', 'd'])
    expect((await q.list('failed')).ids).toEqual(['z', 'f'])
  },

  'what goes behind the line is listed once, where nothing goes before it': async (q) => {
    await q.put('a', { priority: -5 })
    await q.put('b', { priority: -7 })
    for (const limit of [1, 2, 9]) {
      expect((await q.list('queued', 0, limit)).ids).toEqual(['a', 'b'].slice(0, limit))
    }
    await q.publish('c')
    expect((await q.list('queued')).ids).toEqual(['c', 'a', 'b'])
  },

  'a list of the line leaves out what was withdrawn': async (q) => {
    await q.publish('a', 'b', 'c')
    await q.withdraw('a')
    expect(await q.list('queued', 0, 2)).toEqual({ ids: ['b'], cursor: 2 })
    expect(await q.list('queued', 2, 2)).toEqual({ ids: ['c'], cursor: null })
  },

  'looking changes nothing': async (q) => {
    await q.publish('a', 'b')
    await q.claim(1)
    const before = await q.everything('a', 'b')
    await q.store.inspect(['a', 'b', 'c'], PATIENCE)
    expect(await q.everything('a', 'b')).toEqual(before)
  },
}
