import { expect } from 'vitest'
import { done, fail, type Laws, LEASE, release, retry, type Scene } from './scene.js'

export const retrying: Laws = {
  'a failed attempt comes back after its pause, with its error and its count': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    expect(await q.settle(retry(token, 500, 'a'))).toBe('1')
    const seen = {
      state: 'delayed',
      dueAt: q.now + 500,
      attempts: 1,
      failures: 0,
      error: '{"of":"a"}',
      failedAt: q.now,
    }
    expect(await q.inspect('a')).toMatchObject(seen)
    expect(await q.counts()).toMatchObject({ committed: 1, failed: 0, totals: { retried: 1, failed: 0, left: 0 } })
    await q.pass(500)
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], tries: ['1:0'] })
  },

  'attempts are counted one by one, and each is told how many went before it': async (q) => {
    await q.publish('a')
    for (const tries of [[], ['1:0'], ['2:0'], ['3:0']]) {
      const { token, tries: told } = await q.claim(1)
      expect(told).toEqual(tries)
      await q.settle(retry(token, 0, 'a'))
    }
    expect(await q.inspect('a')).toMatchObject({ attempts: 4, failures: 0 })
    expect((await q.counts()).totals.retried).toBe(4)
  },

  'without a pause it goes to the end of the line': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(1)
    await q.settle(retry(token, 0, 'a'))
    expect(await q.claim(2)).toMatchObject({ ids: ['b', 'a'], tries: ['', '1:0'] })
  },

  'each of a batch has its own pause': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2)
    await q.settle({ end: 'retry', token, ids: ['a', 'b'], errors: ['{}', '{}'], delays: [200, 100] })
    await q.pass(100)
    expect((await q.claim(2)).ids).toEqual(['b'])
    await q.pass(100)
    expect((await q.claim(2)).ids).toEqual(['a'])
  },

  'an attempt that ended forgets the jams before it; the last failure ends the count': async (q) => {
    await q.publish('a')
    await q.claim(1)
    await q.lapse()
    const one = await q.claim(1)
    expect(one.tries).toEqual(['0:1'])
    await q.settle(retry(one.token, 0, 'a'))
    const two = await q.claim(1)
    expect(two.tries).toEqual(['1:0'])
    await q.settle(fail(two.token, 'a'))
    expect(await q.inspect('a')).toMatchObject({ state: 'failed', attempts: 0, failures: 1 })
    await q.publish('a')
    expect((await q.claim(1)).tries).toEqual([])
  },

  'a release counts nothing of the attempts before it away': async (q) => {
    await q.publish('a')
    await q.settle(retry((await q.claim(1)).token, 0, 'a'))
    await q.settle(release((await q.claim(1)).token, 'a'))
    expect((await q.claim(1)).tries).toEqual(['1:0'])
  },

  'what is done at last leaves nothing of its attempts': async (q) => {
    await q.publish('a')
    await q.settle(retry((await q.claim(1)).token, 0, 'a'))
    await q.settle(done((await q.claim(1)).token, 'a'))
    expect(await q.inspect('a')).toEqual({ id: 'a', state: 'absent', attempts: 0, jams: 0, failures: 0 })
  },

  'a retry of a withdrawn run, or under another token, comes back nowhere': async (q) => {
    await q.publish('a', 'b')
    const { token } = await q.claim(2)
    await q.withdraw('a')
    expect(await q.settle(retry(token, 0, 'a'), retry('x', 0, 'b'))).toBe('w0')
    expect(await q.stateOf('a', 'b')).toEqual(['absent', 'processing'])
    expect((await q.counts()).totals.retried).toBe(0)
  },

  'a step that comes again tries nothing again': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    const request = q.next({ settle: [retry(token, 0, 'a')] })
    await q.store.step(request, { timeout: 10_000 })
    await q.store.step(request, { timeout: 10_000 })
    expect(await q.inspect('a')).toMatchObject({ state: 'queued', attempts: 1 })
  },

  'an attempt that is owed a run takes over what that would bring, and waits for the later of both': async (q) => {
    await q.put('a', { payload: 'v1', priority: 2 })
    const { token } = await q.claim(1)
    await q.put('a', { payload: 'v2', priority: 1, delay: 900 }, { processing: 'rerun' })
    await q.settle(retry(token, 500, 'a'))
    const seen = { state: 'delayed', dueAt: q.now + 900, payload: 'v2', priority: 2, attempts: 1 }
    expect(await q.inspect('a')).toMatchObject(seen)
    await q.pass(900)
    const next = await q.claim(1)
    await q.settle(done(next.token, 'a'))
    expect(await q.stateOf('a')).toEqual(['absent'])
  },

  'in strict order what is tried again stands at the head, and nothing passes it': async (q) => {
    const policy = { ordered: true, active: 1 }
    await q.publish('a', 'b')
    const { token } = await q.claim(1, { policy })
    expect(await q.claim(1, { policy, settle: [retry(token, 500, 'a')] })).toMatchObject({
      ids: [],
      more: false,
      dueIn: 500,
    })
    expect(await q.stateOf('a', 'b')).toEqual(['queued', 'queued'])
    await q.pass(499)
    expect(await q.claim(2, { policy })).toMatchObject({ ids: [], dueIn: 1 })
    await q.pass(1)
    expect(await q.claim(2, { policy })).toMatchObject({ ids: ['a'], tries: ['1:0'] })
  },

  'in strict order what jams again stands at the head, and nothing passes it': async (q) => {
    await q.publish('a', 'b')
    await q.claim(1)
    await q.lapse({ ordered: true })
    await q.claim(1)
    expect((await q.lapse({ ordered: true })).jammed).toMatchObject([{ id: 'a', jams: 2, now: 'queued' }])
    await q.woken()
    expect(await q.claim(2)).toMatchObject({ ids: [], dueIn: 2 * LEASE })
    await q.pass(2 * LEASE)
    expect((await q.claim(2)).ids).toEqual(['a', 'b'])
  },

  'a line that is held wakes one worker, who is told until when': async (q) => {
    await q.publish('a')
    // That of the publish: what wakes below is the hold.
    await q.woken()
    const { token } = await q.claim(1)
    await q.step({ settle: [retry(token, 500, 'a')], policy: { ordered: true } })
    await q.woken()
    expect(await q.claim(1, { worker: 'w2' })).toMatchObject({ dueIn: 500 })
  },

  'in strict order an attempt without a pause takes nobody the word he was given': async (q) => {
    await q.put('d', { delay: 9_000 })
    await q.publish('a')
    const { token } = await q.claim(1)
    expect((await q.claim(1, { worker: 'w2' })).dueIn).toBe(9_000)
    await q.step({ settle: [retry(token, 0, 'a')], policy: { ordered: true } })
    expect(await q.claim(2, { worker: 'w3' })).toMatchObject({ ids: ['a'], dueIn: -1 })
  },

  'a line that is held goes on, and wakes somebody, once the ID it is held for is withdrawn': async (q) => {
    await q.publish('a', 'b')
    await q.woken()
    await hold(q, 500, 'a')
    // That of the hold.
    await q.woken()
    await q.withdraw('b')
    expect(await q.token()).toBe(false)
    expect((await q.claim(1)).ids).toEqual([])
    await q.publish('c')
    await q.withdraw('a')
    await q.woken()
    expect((await q.claim(1)).ids).toEqual(['c'])
  },

  'so it does where that ID has a priority, or jammed': async (q) => {
    await q.put('a', { priority: 2 })
    await q.publish('b')
    await hold(q, 500, 'a')
    await q.withdraw('a')
    const next = await q.claim(1)
    expect(next.ids).toEqual(['b'])
    await q.lapse({ ordered: true })
    await q.claim(1)
    await q.lapse({ ordered: true })
    await q.publish('c')
    expect((await q.claim(1)).ids).toEqual([])
    await q.withdraw('b')
    expect((await q.claim(1)).ids).toEqual(['c'])
  },

  'a line that is held while it is paused goes on once it is resumed, where the ID was withdrawn meanwhile': async (
    q,
  ) => {
    await q.publish('a', 'b')
    await hold(q, 500, 'a')
    await q.control({ order: 'pause' })
    await q.woken()
    await q.withdraw('a')
    expect(await q.token()).toBe(false)
    await q.control({ order: 'resume' })
    await q.woken()
    expect((await q.claim(1)).ids).toEqual(['b'])
  },

  'who comes back after the withdrawal holds nobody up, and is held up by nobody': async (q) => {
    await q.publish('a')
    await hold(q, 500, 'a')
    await q.withdraw('a')
    await q.publish('a')
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], tries: [] })
  },

  'a line that is held for two stands until the later one may go on, also when one of them is withdrawn': async (q) => {
    await q.publish('a', 'b', 'c')
    const { token } = await q.claim(2)
    for (const [id, delay] of Object.entries({ a: 500, b: 300 })) {
      await q.step({ settle: [retry(token, delay, id)], policy: { ordered: true } })
    }
    await q.withdraw('b')
    await q.pass(499)
    expect((await q.claim(1)).ids).toEqual([])
    await q.pass(1)
    expect((await q.claim(2)).ids).toEqual(['a', 'c'])
  },

  'a hold that is over says nothing of the next one': async (q) => {
    await q.publish('a', 'b')
    await hold(q, 500, 'a')
    await q.pass(500)
    const { token } = await q.claim(1)
    await q.settle(release(token, 'a'))
    await hold(q, 500, 'a')
    await q.pass(600)
    const { token: later } = await q.claim(2)
    await q.step({ settle: [retry(later, 500, 'b')], policy: { ordered: true } })
    await q.settle(release(later, 'a'))
    await q.withdraw('a')
    expect((await q.claim(1)).ids).toEqual([])
    await q.withdraw('b')
    await q.publish('c')
    expect((await q.claim(1)).ids).toEqual(['c'])
  },
}

/** In strict order it is claimed, and fails. */
async function hold(q: Scene, delay: number, id: string): Promise<void> {
  const { token, ids } = await q.claim(1)
  expect(ids).toEqual([id])
  await q.step({ settle: [retry(token, delay, id)], policy: { ordered: true } })
}
