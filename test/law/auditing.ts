import { expect } from 'vitest'
import { Pass } from '../../src/audit/pass.js'
import { type AuditRequest, NAMING, type Named, type Naming } from '../../src/audit-verbs.js'
import { LAYOUT } from '../../src/store.js'
import { done, type Laws, LEASE, NO_MEND, PATIENCE, release, type Scene } from './scene.js'

const bits = (...parts: Naming[]): number => parts.reduce((sum, part) => sum + 2 ** NAMING.indexOf(part), 0)
const ids = (named: readonly Named[]): string[] => named.map(({ id }) => id)

/** Something in every state. */
async function all(q: Scene): Promise<string> {
  await q.fail('f')
  await q.fail('r')
  await q.delay('y')
  await q.publish('p', 'w', 'o', 'g', 'q', 'r')
  const { token } = await q.claim(3)
  await q.withdraw('w', 'o', 'g')
  await q.publish('o')
  return token
}

async function pass(q: Scene, repair = false, limit = 3): Promise<string[]> {
  const hands = {
    glance: (request: AuditRequest) => q.store.audit(request, PATIENCE),
    look: (request: AuditRequest) => q.store.audit(request, PATIENCE),
    mend: (request: Parameters<typeof q.store.mend>[0]) => q.store.mend(request, PATIENCE),
    pause: () => Promise.resolve(),
  }
  const terms = { full: true, repair, sample: 9, lease: LEASE, limit, wakeAfter: 0, active: 0, opened: false }
  const one = new Pass(hands, terms)
  await one.run()
  expect(one.complete).toBe(true)
  return one.findings.list().map(({ kind, ids: named }) => `${kind} ${named.join()}`)
}

/** The verbs of `convoy-queue/audit`, and what it makes of them. */
export const auditing: Laws = {
  'an audit tells which parts name an ID, part by part': async (q) => {
    const token = await all(q)
    const parts = async (part: Naming) => {
      const { page, cursor } = await q.audit({ part })
      expect(cursor).toBe('')
      return page.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    }
    const p = bits('committed', 'processing', 'lease')
    const y = bits('committed', 'delayed', 'tries')
    expect(await parts('committed')).toEqual([
      { id: 'o', parts: p + bits('withdrawn', 'owed') },
      { id: 'p', parts: p },
      { id: 'q', parts: bits('committed') },
      { id: 'r', parts: bits('committed', 'failures', 'errors') },
      { id: 'w', parts: p + bits('withdrawn') },
      { id: 'y', parts: y },
    ])
    expect(await parts('failed')).toEqual([{ id: 'f', parts: bits('failed', 'failedAt', 'errors') }])
    expect(await parts('delayed')).toEqual([{ id: 'y', parts: y }])
    expect(await parts('ghosts')).toEqual([{ id: 'g', parts: bits('ghosts') }])
    expect((await parts('lease')).map(({ id, token: held }) => [id, held])).toEqual([
      ['o', token],
      ['p', token],
      ['w', token],
    ])
    const { sizes } = await q.audit()
    const rest = {
      failed: 1,
      failedAt: 1,
      failures: 1,
      errors: 2,
      tries: 1,
      withdrawn: 2,
      owed: 1,
      ghosts: 1,
      prioritized: 0,
      remembered: 0,
      payload: 0,
      priority: 0,
      since: 0,
      progress: 0,
    }
    expect(sizes).toEqual({ committed: 6, processing: 3, lease: 3, delayed: 1, ...rest })
  },

  'an audit tells of a result or a log, or its time, where the other is gone, and of no other': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.report({ id: 'a', token, log: { lines: ['on the road'], most: 99, ttl: 500 } })
    for (const part of ['results', 'kept'] as const) expect((await q.audit({ part })).page).toEqual([])
    const { mended } = await q.mend({ how: 'unkeep', id: 'la' }, { how: 'unkeep', id: 'lb' })
    expect(mended).toBe('00')
    expect((await q.recall('a')).log).toEqual(['on the road'])
  },

  'a queue that is paused, or held, wants no token': async (q) => {
    await q.publish('a')
    expect(await q.audit()).toMatchObject({ held: false, extras: true })
    await q.control({ order: 'pause' })
    expect(await q.audit()).toMatchObject({ held: true, extras: true })
    await q.woken()
    expect((await q.mend()).whole).toBe('0000000')
    await q.control({ order: 'resume' })
    await q.woken()
    expect(await q.audit()).toMatchObject({ held: false, wake: 0 })
    expect((await q.mend()).whole).toBe('0000001')
  },

  'a window of the line begins at a place, which an entry keeps until it is taken': async (q) => {
    await q.publish('a', 'b', 'c', 'd')
    expect(await q.audit({ limit: 2 })).toMatchObject({ place: 1, length: 4, line: [{ id: 'a' }, { id: 'b' }] })
    await q.claim(1)
    const { place, line } = await q.audit({ from: 3 })
    expect([place, ids(line)]).toEqual([3, ['c', 'd']])
    expect(await q.audit({ from: 1 })).toMatchObject({ place: 2, line: [{ id: 'b' }, { id: 'c' }, { id: 'd' }] })
    expect(await q.audit({ from: 5 })).toMatchObject({ place: 5, line: [] })
  },

  'what came back to the head since is told again, however much was taken meanwhile': async (q) => {
    await q.publish('a', 'b', 'c', 'd')
    const { totals } = await q.audit()
    const { token } = await q.claim(2)
    await q.settle(release(token, 'a', 'b'))
    const after = await q.audit({ from: 5, returned: totals.returned })
    expect([ids(after.head), ids(after.line), after.totals.taken]).toEqual([['a', 'b'], [], 0])
    await q.claim(1)
    await q.lapse()
    const { head } = await q.audit({ returned: after.totals.returned })
    expect(ids(head)).toEqual(['a'])
    expect(await q.audit({ returned: -1 })).toMatchObject({ head: [] })
  },

  'an audit of a queue where all is well finds nothing, in looks of any size, and a repair changes nothing': async (
    q,
  ) => {
    await all(q)
    const before = await q.everything('f', 'r', 'y', 'p', 'w', 'o', 'g', 'q')
    for (const limit of [1, 2, 7, 400]) {
      expect(await pass(q, false, limit)).toEqual([])
      expect(await pass(q, true, limit)).toEqual([])
    }
    expect(await q.everything('f', 'r', 'y', 'p', 'w', 'o', 'g', 'q')).toEqual(before)
  },

  'an ID pushed though it waits stands in the line twice: an audit finds it, a repair blanks the later entry': async (
    q,
  ) => {
    await q.publish('a', 'b')
    expect((await q.mend({ how: 'push', id: 'a' })).mended).toBe('1')
    expect(await pass(q)).toEqual(['twice a'])
    expect(await pass(q, true)).toEqual(['twice a'])
    expect(await pass(q)).toEqual([])
    expect(ids((await q.audit()).line)).toEqual(['a', 'b', ''])
    const { token, ids: claimed } = await q.claim(3)
    expect(claimed).toEqual(['a', 'b'])
    await q.settle(done(token, 'a', 'b'))
    expect(await q.claim(3)).toMatchObject({ ids: [], more: false })
    expect(await q.counts()).toMatchObject({ committed: 0, totals: { entered: 2, left: 2 } })
  },

  'an ID pushed twice is claimed once all the same': async (q) => {
    await q.publish('a')
    await q.mend({ how: 'push', id: 'a' })
    expect((await q.claim(2)).ids).toEqual(['a'])
  },

  'a stale entry without its mark is blanked, or committed where an ID is missing': async (q) => {
    await q.publish('a', 'b')
    await q.withdraw('a', 'b')
    await q.mend({ how: 'unmark', id: 'a' }, { how: 'unmark', id: 'b' })
    expect(await pass(q)).toEqual(['stale a,b'])
    expect((await q.mend({ how: 'commit', id: 'a', place: 1 })).mended).toBe('1')
    expect(await q.counts()).toMatchObject({ committed: 1, totals: { entered: 3, left: 2 } })
    expect(await pass(q, true)).toEqual(['stale b'])
    expect(await q.publish('b')).toBe('q')
    expect(ids((await q.audit()).line)).toEqual(['a', '', 'b'])
    expect((await q.claim(3)).ids).toEqual(['a', 'b'])
  },

  'nobody is committed whose entry is not at that place, who was withdrawn, or who is somewhere else': async (q) => {
    await all(q)
    const commit = (id: string, place: number) => ({ how: 'commit' as const, id, place })
    const { totals, line } = await q.audit()
    const at = (id: string): number => totals.taken + 1 + ids(line).indexOf(id)
    const asked = [commit('nobody', at('q')), commit('g', at('g')), commit('q', at('q')), commit('f', at('q'))]
    expect((await q.mend(...asked)).mended).toBe('0000')
    expect(await pass(q)).toEqual([])
  },

  'no entry is blanked that an ID waits by': async (q) => {
    await q.publish('a', 'b')
    await q.withdraw('b')
    const blank = (id: string, place: number, twin: number | null) => ({ how: 'blank' as const, id, place, twin })
    expect((await q.mend(blank('a', 1, null), blank('b', 2, null), blank('a', 1, 1))).mended).toBe('000')
    expect((await q.mend(blank('a', 1, 2), blank('a', 2, null), blank('a', 99, 1), blank('a', -5, 1))).mended).toBe(
      '0000',
    )
    expect((await q.claim(2)).ids).toEqual(['a'])
  },

  'the queue as a whole: an epoch only rises, a layout is never replaced, marks begin anew': async (q) => {
    await q.publish('a', 'b', 'c')
    await q.claim(1)
    const { totals } = await q.audit()
    const mend = async (request: object) => (await q.store.mend({ ...NO_MEND, mends: [], ...request }, PATIENCE)).whole
    expect(await mend({ epoch: totals.epoch, balance: true, guard: true })).toBe('0000000')
    expect(await mend({ epoch: totals.epoch + 1_000_000_000 })).toBe('1000000')
    const { token } = await q.claim(1)
    expect(Number(token.split(':')[0])).toBe(totals.epoch + 1_000_000_001)
    expect(await mend({ layout: true })).toBe('0001000')
    expect(await mend({ layout: true })).toBe('0000000')
    expect((await q.audit()).layout).toBe(String(LAYOUT))
    for (const keep of [2, 0]) {
      await q.control({ order: 'journal', keep })
      await q.publish('d')
      expect(await q.audit()).toMatchObject({ journal: true })
      expect(await mend({ journal: true })).toBe('0000000')
    }
    await q.pass(5_000)
    expect(await mend({ marks: true })).toBe('0010000')
    expect(await q.counts()).toMatchObject({ waitingSince: q.now })
    expect(await q.audit({ part: 'marks' })).toMatchObject({ marks: 1, page: [], cursor: '' })
  },

  'a repair puts the wake token back': async (q) => {
    await q.publish('a')
    await q.woken()
    expect((await q.mend()).whole).toBe('0000001')
    await q.woken()
  },
}
