import { expect } from 'vitest'
import { done, type Laws, PATIENCE, type Scene } from './scene.js'

const schedules = async (q: Scene) => (await q.control({ order: 'schedules' })).schedules ?? []
const write = (q: Scene, text: string | null, slot: number) =>
  q.control({ order: 'schedule', id: 'daily', text, slot }).then(({ count }) => count)

/** What holds of the queue as a whole, over all workers. */
export const controlling: Laws = {
  'of a paused queue nothing is claimed, by nobody, until it is resumed': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(1)
    await q.control({ order: 'pause' })
    expect(await q.counts()).toMatchObject({ paused: true, queued: 1, processing: 1 })
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ ids: [], more: false, dueIn: -1 })
    expect(await q.publish('c')).toBe('q')
    expect(await q.settle(done(token, 'a'))).toBe('1')
    expect(await q.claim(9)).toMatchObject({ ids: [], more: false })
    await q.control({ order: 'resume' })
    expect(await q.counts()).toMatchObject({ paused: false })
    expect((await q.claim(9)).ids).toEqual(['b', 'c'])
  },

  'a paused queue wakes nobody, whatever is published, falls due or jams; to resume it does': async (q) => {
    await q.publish('j')
    await q.woken()
    await q.claim(1)
    await q.control({ order: 'pause' })
    await q.put('d', { delay: 100 })
    await q.lapse()
    await q.publish('a')
    await q.claim(1)
    await q.control({ order: 'wake' })
    expect(await q.token()).toBe(false)
    await q.control({ order: 'resume' })
    await q.woken()
    expect((await q.claim(9)).ids.toSorted()).toEqual(['a', 'd', 'j'])
  },

  'to resume wakes one who is told when the next is due': async (q) => {
    await q.put('a', { delay: 500 })
    await q.claim(1, { worker: 'w1' })
    await q.control({ order: 'pause' })
    await q.control({ order: 'resume' })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: 500 })
  },

  'so many are active at once, over all workers; room that is freed wakes another': async (q) => {
    const policy = { active: 2 }
    await q.publish('a', 'b', 'c', 'd')
    const one = await q.claim(1, { worker: 'w1', policy })
    expect(one).toMatchObject({ ids: ['a'], more: true })
    expect(await q.claim(5, { worker: 'w2', policy })).toMatchObject({ ids: ['b'], more: false, dueIn: -1 })
    await q.woken()
    expect(await q.claim(5, { worker: 'w3', policy })).toMatchObject({ ids: [], more: false, dueIn: -1 })
    expect(await q.token()).toBe(false)
    await q.step({ worker: 'w1', settle: [done(one.token, 'a')], policy })
    await q.woken()
    expect((await q.claim(5, { worker: 'w3', policy })).ids).toEqual(['c'])
    expect(await q.counts()).toMatchObject({ processing: 2, queued: 1 })
  },

  'what a crash leaves behind makes room once it is swept': async (q) => {
    const policy = { active: 1 }
    await q.publish('a', 'b')
    await q.claim(1, { policy })
    expect((await q.claim(1, { worker: 'w2', policy })).ids).toEqual([])
    await q.woken()
    await q.lapse()
    await q.woken()
    expect((await q.claim(2, { worker: 'w2', policy })).ids).toEqual(['a'])
  },

  'so many are claimed in a window of time, over all workers; one is told when the next begins': async (q) => {
    const policy = { rate: { max: 3, per: 10_000 } }
    await q.publish('a', 'b', 'c', 'd', 'e')
    expect((await q.claim(2, { worker: 'w1', policy })).ids).toEqual(['a', 'b'])
    await q.pass(4_000)
    expect(await q.claim(2, { worker: 'w2', policy })).toMatchObject({ ids: ['c'], more: false, dueIn: 6_000 })
    expect(await q.claim(2, { worker: 'w1', policy })).toMatchObject({ ids: [], more: false, dueIn: -1 })
    await q.pass(5_999)
    expect(await q.claim(2, { worker: 'w2', policy })).toMatchObject({ ids: [], dueIn: 1 })
    await q.pass(1)
    expect((await q.claim(9, { worker: 'w2', policy })).ids).toEqual(['d', 'e'])
  },

  'a window of time begins with the first claim in it': async (q) => {
    const policy = { rate: { max: 1, per: 10_000 } }
    await q.claim(1, { policy })
    await q.pass(9_000)
    await q.publish('a', 'b')
    await q.claim(1, { policy })
    expect(await q.claim(1, { policy })).toMatchObject({ ids: [], dueIn: 10_000 })
  },

  'a worker that fills up with the last of a window wakes another, who is told when the next begins': async (q) => {
    const policy = { rate: { max: 1, per: 10_000 } }
    await q.publish('a', 'b')
    await q.woken()
    expect(await q.claim(1, { worker: 'w1', policy })).toMatchObject({ ids: ['a'], more: false, dueIn: -1 })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2', policy })).toMatchObject({ ids: [], dueIn: 10_000 })
  },

  'a worker that waits for the next window and leaves hands that on': async (q) => {
    const policy = { rate: { max: 1, per: 10_000 } }
    await q.publish('a', 'b')
    expect(await q.claim(2, { worker: 'w1', policy })).toMatchObject({ ids: ['a'], dueIn: 10_000 })
    await q.woken()
    await q.step({ worker: 'w1', policy, leaving: true })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2', policy })).toMatchObject({ dueIn: 10_000 })
  },

  'a full queue refuses what is absent or failed, and stores nothing of it': async (q) => {
    await q.fail('f')
    const full = { maxLength: 2 }
    expect((await q.put('a', {}, full)).verdicts).toBe('q')
    expect((await q.put('b', { delay: 9_000 }, full)).verdicts).toBe('w')
    const before = await q.everything('a', 'b', 'c', 'f')
    expect((await q.put('c', { payload: 'p' }, full)).verdicts).toBe('x')
    expect((await q.put('f', { payload: 'p' }, full)).verdicts).toBe('z')
    expect(await q.everything('a', 'b', 'c', 'f')).toEqual(before)
    expect((await q.put('a', { payload: 'p' }, { ...full, waiting: 'replace' })).verdicts).toBe('u')
    await q.withdraw('b')
    expect((await q.put('f', {}, full)).verdicts).toBe('f')
  },

  'of one batch as many find room as there is': async (q) => {
    const request = { ids: ['a', 'b', 'a', 'c'], policy: { processing: 'discard', maxLength: 2 } } as const
    expect((await q.store.publish(request, PATIENCE)).verdicts).toBe('qqdx')
    expect((await q.counts()).totals).toMatchObject({ published: 3, entered: 2, duplicates: 1 })
  },

  'a schedule is written down once; another text begins anew': async (q) => {
    expect(await write(q, 'every day', 5)).toBe(1)
    expect(await write(q, 'every day', 9)).toBe(0)
    expect(await schedules(q)).toEqual([{ id: 'daily', text: 'every day', slot: 5 }])
    expect(await write(q, 'every hour', 7)).toBe(1)
    expect(await schedules(q)).toEqual([{ id: 'daily', text: 'every hour', slot: 7 }])
    expect(await write(q, null, 0)).toBe(1)
    expect(await write(q, null, 0)).toBe(0)
    expect(await schedules(q)).toEqual([])
  },

  'a slot is published once, whoever asks, and counts though its ID waits already': async (q) => {
    await write(q, 'every day', 5)
    const slot = async (at: number) => (await q.put('daily', { slot: at })).verdicts
    expect([await slot(5), await slot(6), await slot(6), await slot(7), await slot(4)]).toEqual([...'nqndn'])
    expect(await schedules(q)).toMatchObject([{ slot: 7 }])
    expect((await q.counts()).totals).toMatchObject({ published: 2, entered: 1, duplicates: 1 })
  },

  'without a schedule no slot is published, and a full queue keeps the slot for later': async (q) => {
    expect((await q.put('daily', { slot: 1 })).verdicts).toBe('n')
    await write(q, 'every day', 0)
    await q.publish('a')
    expect((await q.put('daily', { slot: 1 }, { maxLength: 1 })).verdicts).toBe('x')
    await q.withdraw('a')
    expect((await q.put('daily', { slot: 1 }, { maxLength: 1 })).verdicts).toBe('q')
  },

  'to clear takes what waits, and leaves schedules and a pause': async (q) => {
    await write(q, 'every day', 5)
    await q.put('p', { payload: 'kept' })
    await q.claim(1)
    await q.put('high', { priority: 1, payload: 'gone' })
    await q.control({ order: 'pause' })
    expect(await q.clear()).toBe(1)
    expect(await schedules(q)).toHaveLength(1)
    expect(await q.inspect('p')).toMatchObject({ state: 'processing', payload: 'kept' })
    expect(await q.counts()).toMatchObject({ paused: true, queued: 0, processing: 1 })
    await q.control({ order: 'resume' })
    expect(await q.claim(9)).toMatchObject({ ids: [], more: false })
  },
}
