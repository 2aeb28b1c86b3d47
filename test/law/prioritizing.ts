import { expect } from 'vitest'
import { done, type Laws, release, retry } from './scene.js'

export const prioritizing: Laws = {
  'the highest priority is claimed first, those below 0 after the line, and equals in the order of their publish':
    async (q) => {
      await q.put('low', { priority: -1 })
      await q.publish('a')
      await q.put('high', { priority: 5 })
      await q.put('lowest', { priority: -1_000 })
      await q.publish('b')
      await q.put('high, too', { priority: 5 })
      await q.put('highest', { priority: 1_000 })
      const order = ['highest', 'high', 'high, too', 'a', 'b', 'low', 'lowest']
      expect((await q.list('queued')).ids).toEqual(order)
      expect((await q.claim(2)).ids).toEqual(order.slice(0, 2))
      expect((await q.claim(9)).ids).toEqual(order.slice(2))
      expect(await q.counts()).toMatchObject({ queued: 0, processing: 7 })
    },

  'a page of the queued is a page of the order in which they will be claimed': async (q) => {
    await q.put('low', { priority: -1 })
    await q.publish('a', 'b')
    await q.put('high', { priority: 1 })
    const pages = []
    for (let cursor: number | null = 0; cursor !== null; ) {
      const page = await q.list('queued', cursor, 1)
      pages.push(...page.ids)
      cursor = page.cursor
    }
    expect(pages).toEqual(['high', 'a', 'b', 'low'])
  },

  'a publish raises a priority, and never lowers it': async (q) => {
    await q.publish('a', 'b', 'c')
    expect((await q.put('c', { priority: 2 })).verdicts).toBe('u')
    expect((await q.put('b', { priority: 1 })).verdicts).toBe('u')
    expect((await q.put('c', { priority: 1 })).verdicts).toBe('d')
    expect((await q.put('c')).verdicts).toBe('d')
    expect(await q.inspect('c')).toMatchObject({ state: 'queued', priority: 2 })
    expect((await q.claim(9)).ids).toEqual(['c', 'b', 'a'])
  },

  'raised to 0 from below, an ID goes to the end of the line': async (q) => {
    await q.put('a', { priority: -1 })
    await q.publish('b')
    expect((await q.put('a', { priority: 0 })).verdicts).toBe('u')
    expect(await q.inspect('a')).not.toHaveProperty('priority')
    expect((await q.claim(9)).ids).toEqual(['b', 'a'])
  },

  'raised while it is delayed, an ID comes in as high as that': async (q) => {
    await q.put('a', { delay: 100 })
    expect((await q.put('a', { priority: 3 })).verdicts).toBe('v')
    await q.publish('b')
    await q.pass(100)
    expect((await q.claim(9)).ids).toEqual(['a', 'b'])
  },

  'an ID raised out of the line is claimed once, and comes in again once': async (q) => {
    await q.publish('a', 'b', 'c')
    await q.put('b', { priority: 1 })
    const { token, ids } = await q.claim(1)
    expect(ids).toEqual(['b'])
    await q.settle(done(token, 'b'))
    expect(await q.publish('b')).toBe('q')
    expect(await q.counts()).toMatchObject({ queued: 3, committed: 3 })
    expect((await q.claim(9)).ids.toSorted()).toEqual(['a', 'b', 'c'])
    expect((await q.claim(9)).ids).toEqual([])
  },

  'an ID raised out of the line, run and published with a priority again is claimed once': async (q) => {
    await q.publish('a', 'b')
    for (const priority of [1, -1, 2]) {
      await q.put('b', { priority })
      const [high, low] = [await q.claim(9), await q.claim(9)]
      expect([...high.ids, ...low.ids].filter((id) => id === 'b')).toEqual(['b'])
      await q.settle(done(high.token, 'b'))
    }
    expect(await q.stateOf('a', 'b')).toEqual(['processing', 'absent'])
  },

  'an ID withdrawn from the line and published below it waits behind it': async (q) => {
    await q.publish('a')
    await q.withdraw('a')
    await q.put('a', { priority: -1 })
    await q.publish('b')
    expect((await q.claim(1)).ids).toEqual(['b'])
    expect((await q.claim(9)).ids).toEqual(['a'])
  },

  'what is withdrawn goes with its priority': async (q) => {
    await q.put('a', { priority: 1 })
    expect(await q.withdraw('a')).toEqual(['queued'])
    expect(await q.claim(9)).toMatchObject({ ids: [], more: false })
    await q.publish('b', 'a')
    expect((await q.claim(9)).ids).toEqual(['b', 'a'])
  },

  'released IDs go before their equals, in the order given': async (q) => {
    for (const id of ['a', 'b', 'c']) await q.put(id, { priority: 1 })
    await q.put('d', { priority: 2 })
    const { token, ids } = await q.claim(3)
    expect(ids).toEqual(['d', 'a', 'b'])
    await q.settle(release(token, 'a', 'b', 'd'))
    expect((await q.claim(9)).ids).toEqual(['d', 'a', 'b', 'c'])
  },

  'what is tried again, or jammed, keeps its priority': async (q) => {
    await q.put('a', { priority: 1 })
    const { token } = await q.claim(1)
    await q.settle(retry(token, 0, 'a'))
    await q.publish('b')
    expect((await q.claim(1)).ids).toEqual(['a'])
    await q.lapse()
    expect((await q.claim(1)).ids).toEqual(['a'])
  },

  'the run that is owed has the priority of its own publish': async (q) => {
    await q.put('a', { priority: 1 })
    const { token } = await q.claim(1)
    await q.put('a', {}, { processing: 'rerun' })
    await q.publish('b')
    await q.settle(done(token, 'a'))
    expect((await q.claim(9)).ids).toEqual(['b', 'a'])
  },

  'a window of the line is a page of the line, whatever stands beside it': async (q) => {
    await q.publish('a', 'b')
    await q.put('a', { priority: 1 })
    const { line, length } = await q.audit()
    expect([line.map(({ id }) => id), length]).toEqual([['a', 'b'], 2])
    expect(await q.counts()).toMatchObject({ queued: 2 })
  },
}
