import { expect } from 'vitest'
import { done, fail, type Laws, LEASE, PATIENCE, release } from './scene.js'

const epochOf = (token: string): number => Number(token.split(':')[0])

export const claiming: Laws = {
  'a claim takes from the head, no more than asked for, and says whether there is more': async (q) => {
    await q.publish('a', 'b', 'c')
    expect(await q.claim(2)).toMatchObject({ ids: ['a', 'b'], tries: [], more: true, dueIn: -1 })
    expect(await q.claim(2)).toMatchObject({ ids: ['c'], more: false })
    expect(await q.claim(2)).toMatchObject({ ids: [], token: '', more: false })
    expect(await q.step({})).toMatchObject({ ids: [], token: '' })
  },

  'of many that are claimed at once, one that stands in line twice counts once, and nothing is there besides': async (
    q,
  ) => {
    const many = Array.from({ length: 20 }, (_, i) => `of ${i}`)
    await q.publish(...many)
    await q.mend({ how: 'push', id: 'of 7' })
    const { token, ids, more } = await q.claim(30)
    expect({ ids, more }).toEqual({ ids: many, more: false })
    const held = async () => {
      const [leases, counts] = [await q.audit({ part: 'lease', limit: 100 }), await q.counts()]
      return { leases: leases.page.map(({ id }) => id).toSorted(), processing: counts.processing }
    }
    expect(await held()).toEqual({ leases: many.toSorted(), processing: 20 })
    expect(await q.settle(done(token, ...many))).toBe('1'.repeat(20))
    expect(await held()).toEqual({ leases: [], processing: 0 })
  },

  'one by one IDs come as they are, with spaces and all, and each step settles the one before': async (q) => {
    const ids = ['1', 'a b', ' b  c ', '0 1:2 3', 'a\nb', '~é 🚚', '|']
    await q.publish(...ids)
    const came: string[] = []
    let settle: ReturnType<typeof done>[] = []
    for (const id of ids) {
      const reply = await q.claim(1, { settle })
      expect(reply).toMatchObject({ settled: '', more: id !== '|' })
      came.push(...reply.ids)
      settle = [done(reply.token, ...reply.ids)]
    }
    expect(came).toEqual(ids)
    expect(await q.claim(1, { settle })).toMatchObject({ ids: [], token: '', more: false })
    expect(await q.counts()).toMatchObject({ committed: 0, processing: 0, totals: { done: ids.length } })
  },

  'one step settles, renews and claims': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(2)
    await q.pass(100)
    const reply = await q.claim(1, { settle: [done(token, 'a')], renew: [{ token, ids: ['b'] }] })
    expect(reply).toMatchObject({ settled: '', renewed: '', ids: ['c'] })
    expect(await q.inspect('b')).toMatchObject({ leaseEnd: q.now + LEASE })
  },

  'what was published is claimed by one worker only': async (q) => {
    await q.publish('a', 'b', 'c')
    const both = await Promise.all([q.claim(2, { worker: 'w1' }), q.claim(2, { worker: 'w2' })])
    expect(both.flatMap(({ ids }) => ids).toSorted()).toEqual(['a', 'b', 'c'])
  },

  'the first of a claim start at once, the others are claimed ahead until they are begun': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(3, { slots: 1 })
    expect(await q.inspect('a')).not.toHaveProperty('ahead')
    expect(await q.inspect('b')).toMatchObject({ state: 'processing', token, ahead: true })
    await q.step({
      started: [
        { token, ids: ['b'] },
        { token: 'x', ids: ['c'] },
      ],
    })
    expect(await q.inspect('b')).not.toHaveProperty('ahead')
    expect(await q.inspect('c')).toMatchObject({ ahead: true })
    expect(await q.settle(done(token, 'a', 'b', 'c'))).toBe('111')
  },

  'tokens never come twice, and epochs rise, though the clock is set back': async (q) => {
    const tokens: string[] = []
    for (const jump of [0, 1, -5_000, 0, -60_000, 3_600_000]) {
      await q.pass(jump)
      await q.publish('a')
      const { token } = await q.claim(1)
      tokens.push(token)
      await q.settle(done(token, 'a'))
    }
    expect(new Set(tokens).size).toBe(tokens.length)
    const epochs = tokens.map(epochOf)
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
    expect(new Set(epochs).size).toBe(epochs.length)
  },

  'a step that comes again gives the same answer and changes nothing': async (q) => {
    await q.publish('a', 'b', 'c', 'd', 'e', 'f')
    const { token } = await q.claim(3)
    await q.withdraw('b')
    const settle = [done(token, 'a'), release('x', 'b'), fail(token, 'c')]
    const request = q.next({ settle, claim: 3, slots: 2 })
    const first = await q.store.step(request, PATIENCE)
    expect(first).toMatchObject({ settled: '101', ids: ['d', 'e', 'f'] })
    const before = await q.everything('a', 'b', 'c', 'd', 'e', 'f')
    expect(await q.store.step(request, PATIENCE)).toEqual(first)
    await q.pass(300)
    expect(await q.store.step(request, PATIENCE)).toEqual(first)
    // The next one may be on its way already: two are in flight at most.
    await q.claim(1)
    expect(await q.store.step(request, PATIENCE)).toEqual(first)
    expect(await q.everything('a', 'b', 'c', 'd', 'e', 'f')).toEqual(before)
  },

  'a step that comes again gives what of its claim is still held': async (q) => {
    await q.publish('a', 'b', 'c')
    const request = q.next({ claim: 3 })
    const { token } = await q.store.step(request, PATIENCE)
    await q.settle(done(token, 'b'))
    await q.publish('b')
    expect(await q.store.step(request, PATIENCE)).toMatchObject({ token, ids: ['a', 'c'] })
  },

  'a step that claimed nothing claims nothing when it comes again': async (q) => {
    const request = q.next({ claim: 3 })
    await q.store.step(request, PATIENCE)
    await q.publish('a')
    expect(await q.store.step(request, PATIENCE)).toMatchObject({ token: '', ids: [], more: true })
  },

  'two steps in flight may arrive in either order': async (q) => {
    await q.publish('a', 'b')
    const [one, two] = [q.next({ claim: 1 }), q.next({ claim: 1 })]
    expect((await q.store.step(two, PATIENCE)).ids).toEqual(['a'])
    expect((await q.store.step(one, PATIENCE)).ids).toEqual(['b'])
  },

  'a step two behind is refused, and nothing has happened': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(1, { number: 1 })
    await q.step({ number: 2 })
    await q.step({ number: 3 })
    const before = await q.everything('a', 'b', 'c')
    const stale = q.claim(1, { number: 1, settle: [done(token, 'a')] })
    await expect(stale).rejects.toMatchObject({ name: 'ConvoyError', code: 'REFUSED' })
    expect(await q.everything('a', 'b', 'c')).toEqual(before)
  },

  'of a worker that left nothing claims any more: late copies are refused in every lane, its leave is answered': async (
    q,
  ) => {
    await q.step({ number: 7, lane: 0 })
    await q.step({ number: 8, lane: 2 })
    await q.step({ number: 9, lane: 0, leaving: true })
    await q.publish('a')
    for (const [number, lane] of [
      [7, 0],
      [6, 1],
      [8, 2],
    ] as const) {
      const late = q.claim(1, { number, lane })
      await expect(late).rejects.toMatchObject({ name: 'ConvoyError', code: 'REFUSED' })
    }
    expect(await q.claim(1, { number: 9, lane: 0, leaving: true })).toMatchObject({ ids: [], token: '' })
    expect((await q.claim(1, { worker: 'w2' })).ids).toEqual(['a'])
  },

  'workers do not disturb the numbers of one another': async (q) => {
    await q.publish('a', 'b')
    expect((await q.claim(1, { worker: 'w1', number: 5 })).ids).toEqual(['a'])
    expect((await q.claim(1, { worker: 'w2', number: 1 })).ids).toEqual(['b'])
  },

  'a claim passes stale entries by, at most some thousand at once, and then says that there is more': async (q) => {
    const gone = Array.from({ length: 1_500 }, (_, n) => `id ${n}`)
    await q.publish(...gone.slice(0, 1_000))
    await q.publish(...gone.slice(1_000), 'z')
    await q.withdraw(...gone.slice(0, 1_000))
    await q.withdraw(...gone.slice(1_000))
    expect(await q.claim(1)).toMatchObject({ ids: [], token: '', more: true })
    expect(await q.claim(1)).toMatchObject({ ids: ['z'], more: false })
    expect(await q.publish('id 0', 'id 1499')).toBe('qq')
    expect((await q.claim(10)).ids).toEqual(['id 0', 'id 1499'])
  },

  'a delayed ID is claimed once it is due, not before': async (q) => {
    await q.delay('a')
    const { dueAt = 0 } = await q.inspect('a')
    expect(dueAt).toBe(q.now + 2 * LEASE)
    await q.pass(2 * LEASE - 1)
    expect((await q.claim(1)).ids).toEqual([])
    await q.pass(1)
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], tries: ['0:2'] })
  },

  'one idle worker is told when the next delayed ID is due, another only when that one is gone': async (q) => {
    await q.delay('a', 20_000)
    await q.pass(10)
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ dueIn: 40_000 - 10 })
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: -1 })
    await q.pass(5)
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ dueIn: 40_000 - 15 })
    expect(await q.step({ worker: 'w1' })).toMatchObject({ dueIn: -1 })
    await q.pass(5_999)
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: -1 })
    await q.pass(1)
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: 40_000 - 6_015 })
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ dueIn: -1 })
  },

  'attempts and jams come with the claim, for those that have any': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse()
    await q.publish('b')
    expect(await q.claim(2)).toMatchObject({ ids: ['a', 'b'], tries: ['0:1', ''] })
  },

  'of large payloads so many are claimed at once as weigh 8 MiB together, before, in and behind the line': async (
    q,
  ) => {
    const mebi = 'x'.repeat(1_048_576)
    const names = (from: string) => Array.from({ length: 5 }, (_, i) => `${from}${i}`)
    for (const [from, priority] of [
      ['low', -1],
      ['line', 0],
      ['high', 1],
    ] as const) {
      for (const id of names(from)) await q.put(id, { payload: mebi, priority })
    }
    await q.put('small', { payload: 's' })
    const first = await q.claim(100)
    expect(first).toMatchObject({ ids: [...names('high'), 'line0', 'line1', 'line2'], more: true, dueIn: -1 })
    expect(first.payloads?.map((payload) => payload?.length)).toEqual(Array(8).fill(mebi.length))
    // A copy of it has no more.
    const copy = await q.step({ worker: 'w1', number: 1, claim: 100 })
    expect([copy.ids, copy.payloads?.length]).toEqual([first.ids, 8])
    const second = await q.claim(100)
    expect(second).toMatchObject({ ids: ['line3', 'line4', 'small', ...names('low')], more: false })
    expect(second.payloads?.[2]).toBe('s')
  },

  'a claim that is full by weight stops where a stale entry had left room for one more': async (q) => {
    await q.publish('gone')
    const names = Array.from({ length: 8 }, (_, i) => `${i}`)
    for (const id of names) await q.put(id, { payload: 'x'.repeat(1_048_576) })
    await q.put('small', { payload: 's' })
    await q.withdraw('gone')
    expect(await q.claim(9)).toMatchObject({ ids: names, more: true })
    expect(await q.claim(9)).toMatchObject({ ids: ['small'], payloads: ['s'], more: false })
  },

  // Ours are 1 MiB at most; whoever speaks the protocol in another language may bring more.
  'a payload that weighs more than that comes all the same, and alone': async (q) => {
    const large = 'x'.repeat(8_388_609)
    await q.put('high', { payload: large, priority: 1 })
    await q.put('first', { payload: large })
    await q.put('second', { payload: 's' })
    expect(await q.claim(3)).toMatchObject({ ids: ['high'], payloads: [large], more: true })
    expect(await q.claim(3)).toMatchObject({ ids: ['first'], payloads: [large], more: true })
    expect(await q.claim(3)).toMatchObject({ ids: ['second'], payloads: ['s'], more: false })
  },
}
