import { expect } from 'vitest'
import { HOSTILE } from '../support/hostile.js'
import { done, fail, type Laws, PATIENCE } from './scene.js'

export const publishing: Laws = {
  'an absent ID is queued': async (q) => {
    expect(await q.publish('a')).toBe('q')
    expect(await q.stateOf('a')).toEqual(['queued'])
  },

  'an ID that is queued absorbs a publish': async (q) => {
    await q.publish('a')
    expect(await q.publish('a')).toBe('d')
    expect((await q.claim(10)).ids).toEqual(['a'])
  },

  'an ID that is delayed absorbs a publish': async (q) => {
    await q.delay('a')
    expect(await q.publish('a')).toBe('y')
    expect(await q.stateOf('a')).toEqual(['delayed'])
  },

  'an ID that is processing absorbs a publish, and no run is promised': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    expect(await q.publish('a')).toBe('p')
    expect(await q.settle(done(token, 'a'))).toBe('1')
    expect(await q.stateOf('a')).toEqual(['absent'])
  },

  'an ID withdrawn while it is processing is owed one more run, once': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.withdraw('a')
    expect(await q.publish('a')).toBe('r')
    expect(await q.publish('a')).toBe('o')
    expect(await q.inspect('a')).toMatchObject({ state: 'processing', withdrawn: true, owed: true })
    expect(await q.settle(done(token, 'a'))).toBe('w')
    expect((await q.claim(10)).ids).toEqual(['a'])
  },

  'a failed ID is queued again, and its count travels with it until it succeeds': async (q) => {
    await q.fail('a')
    await q.fail('a')
    expect(await q.inspect('a')).toMatchObject({ state: 'failed', failures: 2 })
    expect(await q.publish('a')).toBe('f')
    expect(await q.inspect('a')).toMatchObject({ state: 'queued', failures: 2, error: '{}' })
    expect((await q.list('failed')).ids).toEqual([])
    const { token } = await q.claim(1)
    await q.settle(done(token, 'a'))
    expect(await q.inspect('a')).toEqual({ id: 'a', state: 'absent', attempts: 0, jams: 0, failures: 0 })
  },

  'an ID twice in one batch is one entry, and a duplicate of it': async (q) => {
    await q.fail('f')
    await q.publish('p')
    const { token } = await q.claim(1)
    expect(await q.publish('a', 'b', 'a', 'f', 'p', 'a', 'f', 'b')).toBe('qqdfpddd')
    await q.withdraw('p')
    expect(await q.publish('p', 'p')).toBe('ro')
    await q.settle(done(token, 'p'))
    expect((await q.claim(10)).ids).toEqual(['a', 'b', 'f', 'p'])
  },

  'a thousand in a batch get a verdict each, and are claimed in their order': async (q) => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `id ${n}`)
    expect(await q.publish(...ids)).toBe('q'.repeat(1_000))
    expect(await q.publish(...ids)).toBe('d'.repeat(1_000))
    expect((await q.claim(1_000)).ids).toEqual(ids)
    expect(await q.counts()).toMatchObject({ committed: 1_000, queued: 0, processing: 1_000 })
  },

  'of a thousand in a batch each is told where it is, wherever in the batch others like it stand': async (q) => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `id ${n}`)
    await q.publish('held', 'id 999')
    const { token } = await q.claim(1)
    // Far apart: new ones, new ones again, and at last what is queued, runs or came before.
    expect(await q.publish(...ids.slice(0, 600), 'id 3', 'id 599', 'held', ...ids.slice(600), 'id 700', 'new')).toBe(
      `${'q'.repeat(600)}ddp${'q'.repeat(399)}ddq`,
    )
    expect(await q.publish('x', ...ids.slice(0, 300), 'x')).toBe(`q${'d'.repeat(301)}`)
    const twice = ids.slice(0, 200).map((id) => `again ${id}`)
    expect(await q.publish(...twice, ...twice)).toBe('q'.repeat(200) + 'd'.repeat(200))
    expect(await q.settle(done(token, 'held'))).toBe('1')
    expect((await q.claim(1_000)).ids).toEqual(['id 999', ...ids.slice(0, 999)])
    expect((await q.claim(1_000)).ids).toEqual(['new', 'x', ...twice])
    expect(await q.counts()).toMatchObject({
      committed: 1_202,
      totals: { entered: 1_203, published: 1_709, duplicates: 506 },
    })
  },

  'an ID withdrawn while it waited is published anew in its old place, never twice in line': async (q) => {
    await q.publish('a', 'b', 'c')
    expect(await q.withdraw('b')).toEqual(['queued'])
    expect(await q.publish('b')).toBe('q')
    expect(await q.counts()).toMatchObject({ committed: 3, queued: 3 })
    expect((await q.claim(10)).ids).toEqual(['a', 'b', 'c'])
  },

  'an ID withdrawn and passed by in the line goes to its end when it comes back': async (q) => {
    await q.publish('a', 'b')
    await q.withdraw('a')
    expect((await q.claim(1)).ids).toEqual(['b'])
    await q.publish('c', 'a')
    expect((await q.claim(10)).ids).toEqual(['c', 'a'])
  },

  'whatever an ID holds, it goes through every state as itself': async (q) => {
    const ids = [...HOSTILE]
    expect(await q.publish(...ids)).toBe('q'.repeat(ids.length))
    expect((await q.list('queued')).ids).toEqual(ids)
    expect(new Set(await q.withdraw(...ids))).toEqual(new Set(['queued']))
    expect(await q.publish(...ids)).toBe('q'.repeat(ids.length))
    const first = await q.claim(1_000)
    expect(first.ids).toEqual(ids)
    expect(await q.renew({ token: first.token, ids })).toBe('1'.repeat(ids.length))
    expect(await q.settle(fail(first.token, ...ids))).toBe('1'.repeat(ids.length))
    const failed = await q.store.inspect(ids, PATIENCE)
    expect(failed.map(({ id, error }) => [id, error])).toEqual(ids.map((id) => [id, `{"of":${JSON.stringify(id)}}`]))
    expect(await q.publish(...ids)).toBe('f'.repeat(ids.length))
    for (const now of ['queued', 'delayed'] as const) {
      expect((await q.claim(1_000)).ids.toSorted()).toEqual(ids.toSorted())
      const { jammed } = await q.lapse()
      expect(jammed.map((one) => one.id).toSorted()).toEqual(ids.toSorted())
      expect(new Set(jammed.map((one) => one.now))).toEqual(new Set([now]))
    }
    await q.pass(2_000)
    const last = await q.claim(1_000)
    expect(last.ids.toSorted()).toEqual(ids.toSorted())
    expect(await q.settle(done(last.token, ...ids))).toBe('1'.repeat(ids.length))
    expect(new Set(await q.stateOf(...ids))).toEqual(new Set(['absent']))
  },

  'IDs of one lease end are told in the order of their bytes': async (q) => {
    await q.publish('🚚', '～', 'z', 'é', 'a')
    await q.claim(5)
    expect((await q.list('processing')).ids).toEqual(['a', 'z', 'é', '～', '🚚'])
  },

  'other queues, of the same prefix or another, are untouched': async (q) => {
    const others = [q.open('q2'), q.open('q', 'convoy:elsewhere')]
    const request = { ids: ['a'], policy: { processing: 'discard' } } as const
    await q.pass(0)
    await q.publish('a', 'b')
    for (const other of others) {
      expect((await other.publish(request, PATIENCE)).verdicts).toBe('q')
      await other.control({ order: 'clear' }, PATIENCE)
    }
    expect((await q.claim(10)).ids).toEqual(['a', 'b'])
  },

  'two openings of one place are one queue': async (q) => {
    await q.publish('a')
    const { verdicts } = await q.open().publish({ ids: ['a'], policy: { processing: 'discard' } }, PATIENCE)
    expect(verdicts).toBe('d')
  },

  'every publish is counted: as entered, as a duplicate, or as a run owed': async (q) => {
    await q.fail('a')
    await q.publish('a', 'a', 'b')
    await q.claim(1)
    await q.withdraw('a')
    await q.publish('a', 'a', 'b', 'c')
    const { totals, committed } = await q.counts()
    expect(totals).toMatchObject({ published: 8, entered: 4, duplicates: 3 })
    expect(totals.entered - totals.left).toBe(committed)
  },
}
