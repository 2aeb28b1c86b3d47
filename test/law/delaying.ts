import { expect } from 'vitest'
import { done, type Laws, LEASE, release, retry } from './scene.js'

const DEBOUNCE = { timing: 'latest', maxWait: 3_000 } as const

export const delaying: Laws = {
  'a delayed ID waits for its time, by the clock of the store': async (q) => {
    const dueAt = q.now + 500
    expect(await q.put('a', { delay: 500 })).toEqual({ verdicts: 'w', dueAt: [dueAt], repeated: false })
    expect(await q.put('b', { runAt: dueAt + 1 })).toMatchObject({ verdicts: 'w', dueAt: [dueAt + 1] })
    expect(await q.inspect('a')).toMatchObject({ state: 'delayed', dueAt })
    await q.pass(499)
    expect((await q.claim(2)).ids).toEqual([])
    await q.pass(1)
    expect((await q.claim(2)).ids).toEqual(['a'])
    await q.pass(1)
    expect((await q.claim(2)).ids).toEqual(['b'])
  },

  'what is due already is queued': async (q) => {
    expect(await q.put('a', { runAt: q.now - 1 })).toEqual({ verdicts: 'q', repeated: false })
    expect(await q.put('b', { delay: 0 })).toEqual({ verdicts: 'q', repeated: false })
    expect((await q.claim(2)).ids).toEqual(['a', 'b'])
  },

  'of a point in time and a delay the point in time counts': async (q) => {
    expect(await q.put('a', { delay: 9_000, runAt: q.now + 10 })).toMatchObject({ dueAt: [q.now + 10] })
  },

  'a failed ID comes back at its time': async (q) => {
    await q.fail('a')
    expect(await q.put('a', { delay: 500 })).toMatchObject({ verdicts: 'g', dueAt: [q.now + 500] })
    expect(await q.inspect('a')).toMatchObject({ state: 'delayed', failures: 1 })
  },

  'the first publish tells the time, or the earliest, or the last: as the policy says': async (q) => {
    const due = async (timing: 'first' | 'earliest' | 'latest', delay: number) => {
      const { verdicts, dueAt = [0] } = await q.put('a', { delay }, { timing })
      return [verdicts, (dueAt[0] as number) - q.now]
    }
    expect(await due('first', 2_000)).toEqual(['w', 2_000])
    expect(await due('first', 1_000)).toEqual(['y', 2_000])
    expect(await due('earliest', 3_000)).toEqual(['y', 2_000])
    expect(await due('earliest', 1_000)).toEqual(['v', 1_000])
    expect(await due('latest', 3_000)).toEqual(['v', 3_000])
    expect(await due('latest', 500)).toEqual(['v', 500])
    expect((await q.put('a', {}, { timing: 'earliest' })).verdicts).toBe('v')
    expect(await q.stateOf('a')).toEqual(['queued'])
  },

  'a debounce never starves: it is put off until maxWait after the first publish, and no further': async (q) => {
    const first = q.now
    for (;;) {
      const { dueAt } = await q.put('a', { delay: 1_000 }, DEBOUNCE)
      if ((await q.claim(1)).ids.length > 0) break
      expect(dueAt).toEqual([Math.min(q.now + 1_000, first + 3_000)])
      await q.pass(500)
    }
    expect(q.now).toBe(first + 3_000)
  },

  'a debounce never starves a run that is owed: maxWait counts from the publish that asked for it': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    const first = q.now
    expect((await q.put('a', { delay: 1_000 }, { ...DEBOUNCE, processing: 'rerun' })).verdicts).toBe('r')
    await q.pass(800)
    await q.settle(done(token, 'a'))
    for (; (await q.claim(1)).ids.length === 0; await q.pass(500)) {
      const { dueAt } = await q.put('a', { delay: 1_000 }, DEBOUNCE)
      expect(dueAt).toEqual([Math.min(q.now + 1_000, first + 3_000)])
    }
    expect(q.now).toBe(first + 3_300)
  },

  'a debounce never starves what waits for its next attempt either': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.settle(retry(token, 100, 'a'))
    const first = q.now
    for (;;) {
      const { dueAt } = await q.put('a', { delay: 1_000 }, DEBOUNCE)
      expect(dueAt?.[0]).toBeLessThanOrEqual(first + 3_000)
      await q.pass(500)
      if ((await q.claim(1)).ids.length > 0) break
      expect(q.now).toBeLessThan(first + 4_000)
    }
  },

  'a run that is owed waits for the time it was published for': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    const dueAt = q.now + 700
    expect(await q.put('a', { delay: 700 }, { processing: 'rerun' })).toMatchObject({ verdicts: 'r', dueAt: [dueAt] })
    await q.settle(done(token, 'a'))
    expect(await q.inspect('a')).toMatchObject({ state: 'delayed', dueAt })
    await q.pass(700)
    const next = await q.claim(1)
    await q.put('a', { delay: 700 }, { processing: 'rerun' })
    await q.settle(release(next.token, 'a'))
    expect(await q.inspect('a')).toMatchObject({ state: 'delayed', dueAt: q.now + 700 })
  },

  'what is delayed is put in line by hand, whatever it waited for': async (q) => {
    await q.put('a', { delay: 9_000 })
    await q.publish('b')
    const { token } = await q.claim(1)
    await q.settle(retry(token, 9_000, 'b'))
    expect(await q.move('delayed', 'b', 'a', 'c')).toEqual(['delayed', 'delayed', 'absent'])
    expect(await q.claim(3)).toMatchObject({ ids: ['b', 'a'], tries: ['1:0', ''] })
  },

  'whoever waits is woken by what is due before all that was, and by that alone': async (q) => {
    await q.put('a', { delay: 2_000 })
    await q.woken()
    expect(await q.claim(1)).toMatchObject({ ids: [], dueIn: 2_000 })
    await q.put('b', { delay: 3_000 })
    expect(await q.token()).toBe(false)
    await q.put('c', { delay: 1_000 })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ ids: [], dueIn: 1_000 })
  },

  'a worker that was told of a time and then fills up hands it on': async (q) => {
    await q.put('a', { delay: 2_000 })
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ dueIn: 2_000 })
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: -1 })
    await q.publish('b')
    await q.woken()
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ ids: ['b'], dueIn: -1 })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ ids: [], dueIn: 2_000 })
  },

  'a worker that fills up with what it was woken for wakes another, where nobody was told of a time': async (q) => {
    await q.put('a', { delay: 2_000 })
    await q.publish('b', 'c')
    await q.woken()
    expect(await q.claim(2, { worker: 'w1' })).toMatchObject({ ids: ['b', 'c'], more: false, dueIn: -1 })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ ids: [], dueIn: 2_000 })
    await q.publish('d')
    await q.woken()
    expect(await q.claim(1, { worker: 'w1' })).toMatchObject({ ids: ['d'] })
    // The other one knows.
    expect(await q.token()).toBe(false)
  },

  'a worker that was told of a time and then leaves hands it on': async (q) => {
    await q.put('a', { delay: 2_000 })
    await q.woken()
    await q.claim(1, { worker: 'w1' })
    await q.step({ worker: 'w1', leaving: true })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: 2_000 })
  },

  'a jam that has to wait wakes one worker, who is told for how long': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse()
    await q.woken()
    await q.claim(1)
    expect((await q.lapse()).jammed).toMatchObject([{ now: 'delayed' }])
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: 2 * LEASE })
  },

  'whoever settles an attempt that comes back first is told when, or another is woken': async (q) => {
    await q.publish('a', 'b')
    await q.woken()
    const { token } = await q.claim(2)
    expect(await q.claim(1, { settle: [retry(token, 2_000, 'a')] })).toMatchObject({ dueIn: 2_000 })
    expect(await q.token()).toBe(false)
    await q.settle(retry(token, LEASE, 'b'))
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: LEASE })
  },
}
