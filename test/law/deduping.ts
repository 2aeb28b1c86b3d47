import { expect } from 'vitest'
import type { DedupePolicy } from '../../src/policy.js'
import { done, fail, type Laws, LEASE, retry, type Scene } from './scene.js'

/** The newest word counts. */
const LATEST = { waiting: 'replace', timing: 'earliest', processing: 'rerun' } as const
const RERUN = { processing: 'rerun' } as const
const LATER = 5 * LEASE

/** What a publish is told, and the payloads that workers are handed after it. */
type Told = readonly [letter: string, ...handed: string[]]

/** Every state an ID can be in; how it gets there with v1 answers the token of whoever holds it. */
const STATES: Readonly<Record<string, { put: (q: Scene) => Promise<string>; byDefault: Told; latest: Told }>> = {
  queued: {
    put: async (q) => {
      await q.put('a', { payload: 'v1' })
      return ''
    },
    byDefault: ['d', 'v1'],
    latest: ['u', 'v2'],
  },
  delayed: {
    put: async (q) => {
      await q.put('a', { payload: 'v1', delay: LATER })
      return ''
    },
    byDefault: ['y', 'v1'],
    latest: ['v', 'v2'],
  },
  'in backoff': {
    put: async (q) => {
      await q.settle(retry(await running(q), LATER, 'a'))
      return ''
    },
    byDefault: ['y', 'v1'],
    latest: ['v', 'v2'],
  },
  processing: { put: running, byDefault: ['p'], latest: ['r', 'v2'] },
  'processing, with a run owed': {
    put: async (q) => {
      const token = await running(q)
      await q.put('a', { payload: 'between' }, RERUN)
      return token
    },
    byDefault: ['o', 'between'],
    latest: ['s', 'v2'],
  },
  'withdrawn while processing': { put: withdrawn, byDefault: ['r', 'v2'], latest: ['r', 'v2'] },
  'withdrawn while processing, and published again': {
    put: async (q) => {
      const token = await withdrawn(q)
      await q.put('a', { payload: 'between' })
      return token
    },
    byDefault: ['o', 'between'],
    latest: ['s', 'v2'],
  },
  remembered: {
    put: async (q) => {
      await q.step({ settle: [done(await running(q), 'a')], policy: { remember: 100 * LATER } })
      return ''
    },
    byDefault: ['m'],
    latest: ['m'],
  },
  failed: {
    put: async (q) => {
      await q.settle(fail(await running(q), 'a'))
      return ''
    },
    byDefault: ['f', 'v2'],
    latest: ['f', 'v2'],
  },
}

async function running(q: Scene): Promise<string> {
  await q.put('a', { payload: 'v1' })
  return (await q.claim(1)).token
}

async function withdrawn(q: Scene): Promise<string> {
  const token = await running(q)
  await q.withdraw('a')
  return token
}

/** Publishes v2, lets the run that is on be done, and all that waits be run. */
async function republish(q: Scene, token: string, policy: DedupePolicy): Promise<Told> {
  const { verdicts } = await q.put('a', { payload: 'v2' }, policy)
  if (token !== '') await q.settle(done(token, 'a'))
  const handed: string[] = []
  for (let turn = 0; turn < 4; turn++) {
    const { token: held, payloads = [] } = await q.claim(1)
    handed.push(...payloads.map(String))
    if (held !== '') await q.settle(done(held, 'a'))
    await q.pass(LATER)
  }
  return [verdicts, ...handed]
}

const list = (handed: readonly string[]): string => handed.join(', then ') || 'nothing'

const rows: Laws = Object.fromEntries(
  Object.entries(STATES).flatMap(([state, { put, byDefault, latest }]) =>
    [['by default', byDefault, { processing: 'discard' }] as const, ['by `latest`', latest, LATEST] as const].map(
      ([how, told, policy]) => [
        `published as v2 where v1 is ${state}, an ID is ${told[0]}, and hands a worker ${list(told.slice(1))}: ${how}`,
        async (q: Scene) => expect(await republish(q, await put(q), policy)).toEqual(told),
      ],
    ),
  ),
)

/** What a publish does where its ID is already. */
export const deduping: Laws = {
  ...rows,

  'a payload that is replaced by none is gone; one that is the same changes nothing': async (q) => {
    await q.put('a', { payload: 'v1' })
    expect((await q.put('a', { payload: 'v1' }, LATEST)).verdicts).toBe('d')
    expect((await q.put('a', {}, LATEST)).verdicts).toBe('u')
    expect(await q.claim(1)).not.toHaveProperty('payloads')
  },

  'backoff is not cut short by who publishes in between, whatever the policy': async (q) => {
    for (const timing of ['earliest', 'latest'] as const) {
      const id = `a ${timing}`
      await q.publish(id)
      const { token } = await q.claim(1)
      await q.settle(retry(token, LATER, id))
      const dueAt = q.now + LATER
      expect(await q.put(id, {}, { timing })).toMatchObject({ verdicts: 'y', dueAt: [dueAt] })
      expect(await q.inspect(id)).toMatchObject({ state: 'delayed', dueAt })
    }
  },

  'IDs of one batch meet each other': async (q) => {
    const traits = [{ payload: 'v1' }, { payload: 'x' }, { payload: 'v2', priority: 1 }, { payload: 'v3' }]
    const request = { ids: ['a', 'b', 'a', 'a'], policy: LATEST, traits }
    expect((await q.store.publish(request, { timeout: 10_000 })).verdicts).toBe('qquu')
    expect(await q.claim(3)).toMatchObject({ ids: ['a', 'b'], payloads: ['v3', 'x'] })
  },

  'a run that is superseded is told so when it renews, and does not count unless it is done': async (q) => {
    for (const end of ['fail', 'retry', 'release', 'done'] as const) {
      await q.put('a', { payload: 'v1' })
      const { token } = await q.claim(1)
      expect((await q.put('a', { payload: 'v2' }, { processing: 'supersede' })).verdicts).toBe('r')
      expect(await q.renew({ token, ids: ['a'] })).toBe('s')
      const before = (await q.counts()).totals
      const mark = await q.settle({ end, token, ids: ['a'], errors: ['{}'], delays: [LATER] } as never)
      expect([end, mark]).toEqual([end, end === 'done' ? '1' : 's'])
      const { done: runs, failed, retried } = (await q.counts()).totals
      expect([runs - before.done, failed, retried]).toEqual([end === 'done' ? 1 : 0, 0, 0])
      const next = await q.claim(1)
      expect(next).toMatchObject({ ids: ['a'], payloads: ['v2'], tries: [] })
      await q.settle(done(next.token, 'a'))
    }
  },

  'a superseded run whose worker is gone counts no jam': async (q) => {
    await running(q)
    await q.put('a', { payload: 'v2' }, { processing: 'supersede' })
    expect((await q.lapse()).jammed).toMatchObject([{ id: 'a', jams: 0, now: 'queued' }])
    expect((await q.counts()).totals.jammed).toBe(0)
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], payloads: ['v2'] })
  },

  'the run that is owed has the newest payload; where a run is only owed since one was withdrawn, the first': async (
    q,
  ) => {
    const one = await running(q)
    await q.put('a', { payload: 'v2' }, RERUN)
    expect((await q.put('a', { payload: 'v3' }, RERUN)).verdicts).toBe('s')
    await q.settle(done(one, 'a'))
    const two = await q.claim(1)
    expect(two.payloads).toEqual(['v3'])
    await q.withdraw('a')
    await q.put('a', { payload: 'v4' })
    expect((await q.put('a', { payload: 'v5' })).verdicts).toBe('o')
    await q.settle(done(two.token, 'a'))
    expect((await q.claim(1)).payloads).toEqual(['v4'])
  },

  'where a run is owed by the policy of another, who would be discarded is told that it is': async (q) => {
    const one = await running(q)
    expect(await q.publish('a')).toBe('p')
    await q.put('a', { payload: 'v2' }, RERUN)
    expect(await q.publish('a')).toBe('o')
    // As one that waits: its payload stays, unless the policy says otherwise, and it may be raised.
    expect((await q.put('a', { payload: 'v3' })).verdicts).toBe('o')
    expect((await q.put('a', { priority: 3 })).verdicts).toBe('s')
    expect((await q.put('a', { payload: 'v3' }, { waiting: 'replace' })).verdicts).toBe('s')
    await q.settle(done(one, 'a'))
    expect(await q.inspect('a')).toMatchObject({ state: 'queued', payload: 'v3', priority: 3 })
  },

  'a run that is owed is told of at each renewal': async (q) => {
    const token = await running(q)
    await q.put('a', {}, RERUN)
    expect(await q.renew({ token, ids: ['a'] })).toBe('o')
    expect(await q.inspect('a')).toMatchObject({ owed: true })
  },

  'however a run ends that one more was owed to, exactly one follows, with the newest payload': async (q) => {
    for (const end of ['done', 'release', 'fail', 'retry'] as const) {
      const token = await running(q)
      await q.put('a', { payload: 'v2' }, RERUN)
      await q.settle({ end, token, ids: ['a'], errors: ['{}'], delays: [0] } as never)
      const next = await q.claim(1)
      expect(next).toMatchObject({ ids: ['a'], payloads: ['v2'] })
      await q.settle(done(next.token, 'a'))
      expect(await q.stateOf('a')).toEqual(['absent'])
    }
    await running(q)
    await q.put('a', { payload: 'v2' }, RERUN)
    await q.lapse()
    expect(await q.claim(1)).toMatchObject({ ids: ['a'], payloads: ['v2'], tries: ['0:1'] })
  },

  'no payload is the newest one, too, however the run ends': async (q) => {
    for (const end of ['done', 'release', 'fail', 'retry', 'lapse'] as const) {
      for (const bare of [{}, { priority: 3 }]) {
        const token = await running(q)
        await q.put('a', { payload: 'v2' }, RERUN)
        expect((await q.put('a', bare, RERUN)).verdicts).toBe('s')
        if (end === 'lapse') await q.lapse()
        else await q.settle({ end, token, ids: ['a'], errors: ['{}'], delays: [0] } as never)
        const next = await q.claim(1)
        expect([end, next.ids, next.payloads?.[0] ?? null]).toEqual([end, ['a'], null])
        await q.settle(done(next.token, 'a'))
      }
    }
  },

  'what failed for good stays so where the policy holds it': async (q) => {
    await q.fail('a')
    expect((await q.put('a', {}, { failed: 'hold' })).verdicts).toBe('h')
    expect(await q.stateOf('a')).toEqual(['failed'])
    expect(await q.publish('a')).toBe('f')
  },

  'what fails keeps its payload, and takes it along when it is put in line by hand': async (q) => {
    await q.settle(fail(await running(q), 'a'))
    expect(await q.inspect('a')).toMatchObject({ state: 'failed', payload: 'v1' })
    expect(await q.move('failed', 'a', 'a', 'b')).toEqual(['failed', 'queued', 'absent'])
    expect(await q.claim(2)).toMatchObject({ ids: ['a'], payloads: ['v1'] })
    expect((await q.counts()).totals).toMatchObject({ published: 1, entered: 2 })
  },

  'who waits for a run is told the epoch after which it begins': async (q) => {
    const token = await running(q)
    const epoch = Number(token.split(':')[0])
    expect(await q.put('a', {}, { ...RERUN, bind: true })).toMatchObject({ epochs: [epoch] })
    await q.settle(done(token, 'a'))
    expect(Number((await q.claim(1)).token.split(':')[0])).toBeGreaterThan(epoch)
  },

  'an ID that goes free takes its payload along': async (q) => {
    await q.settle(done(await running(q), 'a'))
    expect(await q.inspect('a')).not.toHaveProperty('payload')
    await q.publish('a')
    expect(await q.claim(1)).not.toHaveProperty('payloads')
  },
}
