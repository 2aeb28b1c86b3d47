import { expect, test } from 'vitest'
import type { Kind } from '../../src/audit/index.js'
import { KEYS, type Part } from '../../src/redis/keys.js'
import { onRedis, type World } from '../queue/kit.js'
import { audit, COMMITTED, drain, kinds, rich } from './rich.js'

const without = (...ids: string[]): string[] => COMMITTED.filter((id) => !ids.includes(id))
/** Ended by its withdrawal. */
const ALL = without('withdrawn')

interface Loss {
  /** What an audit tells of it; nothing: the key alone knew what was in it, and all others agree. */
  readonly found: readonly Kind[]
  /** What runs of a rich queue after the repair. */
  readonly runs?: readonly string[]
}

const LOSSES: Readonly<Record<Part, Loss>> = {
  committed: { found: ['nameless', 'totals', 'uncommitted'] },
  queued: { found: ['ghost', 'nowhere'] },
  processing: { found: ['unclaimed'] },
  lease: { found: ['unleased'] },
  wake: { found: ['wake'] },
  totals: { found: ['epoch', 'totals'] },
  // Its worker is answered anew: a claim whose answer was lost waits for its lease to lapse.
  steps: { found: [] },
  marks: { found: ['marks'] },
  meta: { found: ['meta'] },
  delayed: { found: ['nowhere'] },
  failed: { found: ['unlisted'] },
  failedAt: { found: ['unlisted'] },
  failures: { found: ['uncounted'] },
  errors: { found: ['errorless'] },
  // Attempts and jams are counted from zero.
  tries: { found: [] },
  // That a run was not to count, and that another was owed, nobody else knows.
  withdrawn: { found: [], runs: COMMITTED },
  owed: { found: [], runs: without('withdrawn', 'owed') },
  ghosts: { found: ['stale'] },
  // Only a saving of work, and a hint.
  guard: { found: [] },
  alarm: { found: [] },
  // What an ID brings, nobody else knows: it runs without.
  payload: { found: [] },
  // Of those that wait their places tell it; of those that wait for their time, or run, nobody.
  priority: { found: ['unranked'] },
  prioritized: { found: ['nowhere'] },
  // A debounce is put off as if it had begun now, and what is remembered from its publish on is from its end on.
  since: { found: [] },
  // Not told from one whose time is over: it may run again.
  remembered: { found: [] },
  extras: { found: ['extras'] },
  // Until it is told anew.
  progress: { found: [] },
  // A queue that was paused goes on, and one that was held too; that a journal was kept its messages tell.
  control: { found: ['journal'] },
  // A window begins anew.
  rate: { found: [] },
  results: { found: ['unkept'] },
  kept: { found: ['unkept'] },
  // Nothing comes of a schedule until it is written down again.
  schedules: { found: [] },
  // Whoever reads it sees a hole.
  events: { found: [] },
  // Whoever listens writes it again within its time, and asks what it has missed.
  listening: { found: [] },
}

onRedis('a queue that lost a key', (kit) => {
  /** What goes by itself: that somebody listens, and the window of a rate, while which no token is missed. */
  const passing = async (world: World, parts: readonly Part[]): Promise<void> => {
    const values: Partial<Record<Part, string>> = { listening: '0', rate: '1700000000000:1' }
    for (const part of parts) {
      const value = values[part]
      if (value !== undefined) await kit.read(world, 'SET', part, value, 'PX', '600000')
    }
  }

  test('a rich queue has something in every key, and nothing is wrong with it', async () => {
    const world = await kit.world()
    const { queue } = await rich(world)
    await passing(world, ['listening', 'rate'])
    const missing: string[] = []
    for (const part of Object.keys(KEYS) as Part[]) {
      if ((await kit.read<number>(world, 'EXISTS', part)) === 0) missing.push(part)
    }
    expect(missing).toEqual([])
    expect(await audit(queue)).toMatchObject({ clean: true, complete: true, findings: [] })
    expect(await audit(queue, { full: false })).toMatchObject({ clean: true, findings: [], committed: 10 })
    expect(await audit(queue, { repair: true })).toMatchObject({ clean: true, findings: [] })
    expect(await drain(world)).toEqual(ALL)
  })

  test.each(Object.entries(LOSSES) as [Part, Loss][])('%s', async (part, { found, runs = ALL }) => {
    const world = await kit.world()
    const { queue } = await rich(world)
    await passing(world, [part])
    expect(await kit.read(world, 'DEL', part)).toBe(1)
    // Nobody waits for the server's time but the audit of a token that is missing.
    const asking = setInterval(() => void world.serverPasses(1_000), 20)
    try {
      expect(kinds(await audit(queue))).toEqual(found)
      const repaired = await audit(queue, { repair: true })
      expect(repaired.findings.filter(({ count, mended }) => mended < count)).toEqual([])
      const after = await audit(queue)
      expect(after).toMatchObject({ clean: true, findings: [] })
      expect(Math.min(after.entered, after.left)).toBeGreaterThanOrEqual(0)
    } finally {
      clearInterval(asking)
    }
    expect(await drain(world)).toEqual(runs)
    expect(await queue.inspect('failed')).toMatchObject({ state: 'failed', failures: 1 })
    expect(await audit(queue)).toMatchObject({ clean: true, committed: 0 })
  })
})
