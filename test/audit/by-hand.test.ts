import { expect, test } from 'vitest'
import type { Kind } from '../../src/audit/index.js'
import { events, journal } from '../../src/events-log/index.js'
import type { Queue } from '../../src/index.js'
import type { Part } from '../../src/redis/keys.js'
import { onRedis } from '../queue/kit.js'
import { audit, COMMITTED, drain, kinds, rich } from './rich.js'

/** Ended by its withdrawal: it runs no more. */
const ALL = COMMITTED.filter((id) => id !== 'withdrawn')
const and = (id: string): string[] => [...ALL, id].toSorted()

type Edit = [
  edit: string,
  command: string,
  part: Part,
  args: readonly string[],
  found: readonly Kind[],
  runs?: readonly string[],
]

const EDITS: Edit[] = [
  ['one that waits is not committed', 'SREM', 'committed', ['q2'], ['totals', 'uncommitted']],
  ['one that is delayed is not committed', 'SREM', 'committed', ['delayed'], ['nameless', 'totals', 'uncommitted']],
  ['one that runs is not committed', 'SREM', 'committed', ['running'], ['totals', 'uncommitted']],
  ['one nobody published is committed', 'SADD', 'committed', ['nobody'], ['nowhere', 'totals'], and('nobody')],
  ['an entry is taken out of the line', 'LREM', 'queued', ['0', 'q2'], ['nowhere']],
  ['the head is taken out of the line', 'LPOP', 'queued', [], ['ghost']],
  ['an entry comes twice', 'RPUSH', 'queued', ['q1'], ['twice']],
  ['an entry is of one that runs', 'LPUSH', 'queued', ['running'], ['stale']],
  ['an entry is of nobody', 'RPUSH', 'queued', ['nobody'], ['stale']],
  ['an entry is of one that failed', 'RPUSH', 'queued', ['failed'], ['stale']],
  ['a claim has no lease end', 'ZREM', 'processing', ['running'], ['unclaimed']],
  ['a claim has no token', 'HDEL', 'lease', ['running'], ['unleased']],
  ['one that runs is delayed', 'ZADD', 'delayed', ['1', 'running'], ['contradicted']],
  ['one that is delayed has no due time', 'ZREM', 'delayed', ['delayed'], ['nowhere']],
  ['nobody is delayed', 'ZADD', 'delayed', ['1', 'nobody'], ['uncommitted'], and('nobody')],
  ['a mark is gone', 'SREM', 'ghosts', ['gone'], ['stale']],
  ['a mark is of one that waits', 'SADD', 'ghosts', ['q1'], ['ghost']],
  ['a mark is of nobody', 'SADD', 'ghosts', ['nobody'], ['ghost']],
  ['a run is owed to nobody', 'HSET', 'owed', ['nobody', ''], ['owed'], and('nobody')],
  ['a run is owed to one that waits', 'HSET', 'owed', ['q1', ''], ['owed']],
  ['nobody is withdrawn', 'SADD', 'withdrawn', ['nobody'], ['nameless']],
  ['nobody has tries', 'HSET', 'tries', ['nobody', '0:1'], ['nameless']],
  ['nobody has failures', 'HSET', 'failures', ['nobody', '2'], ['nameless']],
  ['nobody has an error', 'HSET', 'errors', ['nobody', '1 {"message":"","attempt":1}'], ['nameless']],
  ['one that waits has failed', 'ZADD', 'failed', ['1', 'q1'], ['contradicted']],
  ['one that waits has failed at a time', 'ZADD', 'failedAt', ['1', 'q1'], ['contradicted']],
  ['what failed is not listed', 'ZREM', 'failedAt', ['failed'], ['unlisted']],
  ['what failed is not counted', 'ZREM', 'failed', ['failed'], ['unlisted']],
  ['what failed has no error', 'HDEL', 'errors', ['failed'], ['errorless']],
  ['what came back after failing is not counted', 'HDEL', 'failures', ['revived'], ['uncounted']],
  ['nobody has a payload', 'HSET', 'payload', ['nobody', 'x'], ['nameless']],
  ['nobody has a priority', 'HSET', 'priority', ['nobody', '2'], ['nameless']],
  ['nobody was published at a time', 'HSET', 'since', ['nobody', '1'], ['nameless']],
  ['what failed was published at a time', 'HSET', 'since', ['failed', '1'], ['nameless']],
  ['nobody has made progress', 'HSET', 'progress', ['nobody', '1'], ['nameless']],
  ['one that waits has made progress', 'HSET', 'progress', ['q1', '1'], ['nameless']],
  ['one in the line has a priority', 'HSET', 'priority', ['q2', '7'], ['unranked']],
  ['one that was raised has no priority', 'HDEL', 'priority', ['raised'], ['unranked']],
  ['one that was raised has another priority', 'HSET', 'priority', ['raised', '9'], ['unranked']],
  ['one that was raised has no place', 'ZREM', 'prioritized', ['raised'], ['nowhere']],
  ['one that was raised has a place that none has', 'ZADD', 'prioritized', ['1e17', 'raised'], ['unranked']],
  ['one that runs has a place', 'ZADD', 'prioritized', ['1', 'running'], ['contradicted']],
  ['nobody has a place', 'ZADD', 'prioritized', ['1', 'nobody'], ['uncommitted'], and('nobody')],
  ['one that waits is remembered', 'ZADD', 'remembered', ['9999999999999', 'q1'], ['contradicted']],
  ['one that failed is remembered', 'ZADD', 'remembered', ['9999999999999', 'failed'], ['contradicted']],
  ['a result is kept for no time', 'HSET', 'results', ['rnobody', '1 x'], ['unkept']],
  ['a time is kept for no log', 'ZADD', 'kept', ['9999999999999', 'lnobody'], ['unkept']],
  ['more have left than did', 'HINCRBY', 'totals', ['left', '5'], ['totals']],
  ['a total is no number', 'HSET', 'totals', ['entered', 'many'], ['totals']],
  ['an epoch could come again', 'HSET', 'totals', ['epoch', '7'], ['epoch']],
  ['a record of a step is none', 'HSET', 'steps', ['w1:0', 'x'], ['record']],
  ['the seat of the guard is none', 'HSET', 'guard', ['at', 'noon'], ['guard']],
  ['a mark of the line is none', 'RPUSH', 'marks', ['x'], ['marks']],
  ['the marks of the line go back', 'RPUSH', 'marks', ['-7:1'], ['marks']],
  ['a mark is beyond the tail', 'RPUSH', 'marks', ['99999:1'], ['marks']],
]

/** Of the journal, from the oldest message to that of `last`: the first ID of each, or from where to where the gap is. */
async function toldTo(queue: Queue, last: string): Promise<unknown[]> {
  const told: unknown[] = []
  for await (const event of events(queue, { from: 'oldest' })) {
    told.push(event.kind === 'gap' ? [event.from, event.to] : event.ids[0])
    if (told.at(-1) === last) break
  }
  return told
}

onRedis('a queue edited by hand', (kit) => {
  test.each(EDITS)('%s: %s %s', async (_, command, part, args, found, runs = ALL) => {
    const world = await kit.world()
    const { queue } = await rich(world)
    await kit.read(world, command, part, ...args)
    expect(kinds(await audit(queue))).toEqual(found)
    const { findings } = await audit(queue, { repair: true })
    expect(findings.filter(({ count, mended }) => mended < count)).toEqual([])
    expect(await audit(queue)).toMatchObject({ clean: true, findings: [] })
    expect(await drain(world)).toEqual(runs)
    expect(await audit(queue)).toMatchObject({ clean: true, committed: 0 })
  })

  test.each(EDITS.filter(([, , part, args]) => args.includes('running') && part !== 'lease'))(
    '%s, and whoever runs it keeps its claim: its settle is accepted, and it runs no second time',
    async (_, command, part, args) => {
      const world = await kit.world()
      const { queue, step, held } = await rich(world)
      await kit.read(world, command, part, ...args)
      await audit(queue, { repair: true })
      expect(await queue.inspect('running')).toMatchObject({ state: 'processing' })
      const { settled } = await step({ settle: [{ end: 'done', token: held.token, ids: ['running'] }] })
      expect(settled).toBe('')
      expect(await drain(world)).toEqual(ALL.filter((id) => id !== 'running'))
    },
  )

  test('the totals alone tell that something is wrong, in constant time', async () => {
    const world = await kit.world()
    const { queue } = await rich(world)
    const quickly = async () => kinds(await audit(queue, { full: false }))
    expect(await quickly()).toEqual([])
    await kit.read(world, 'LREM', 'queued', '0', 'q2')
    expect(await quickly()).toEqual(['line'])
    await kit.read(world, 'SREM', 'committed', 'q2')
    expect(await quickly()).toEqual(['totals'])
    await kit.read(world, 'HDEL', 'lease', 'running')
    await kit.read(world, 'ZREM', 'failed', 'failed')
    expect(await quickly()).toEqual(['failures', 'leases', 'totals'])
    await audit(queue, { repair: true })
    expect(await quickly()).toEqual([])
  })

  test('the totals of what was taken out whole agree again, and nothing is made up', async () => {
    const world = await kit.world()
    const { queue } = await rich(world)
    await kit.read(world, 'LREM', 'queued', '0', 'q2')
    await kit.read(world, 'SREM', 'committed', 'q2')
    const { findings } = await audit(queue, { repair: true })
    expect(findings).toMatchObject([{ kind: 'totals', count: 1, mended: 1 }])
    expect(await drain(world)).toEqual(ALL.filter((id) => id !== 'q2'))
  })

  test('a journal whose switch is gone is kept again, as long as it is by then, and its readers see the hole', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await journal(queue, { keep: 5 })
    await queue.publish('before')
    await queue.publish('too')
    await kit.read(world, 'DEL', 'control')
    await queue.publish('unheard')
    expect(kinds(await audit(queue, { full: false }))).toEqual(['journal'])
    expect((await audit(queue, { repair: true })).findings).toMatchObject([{ kind: 'journal', count: 1, mended: 1 }])
    expect(kinds(await audit(queue))).toEqual([])
    expect(await kit.read(world, 'HGET', 'control', 'journal')).toBe('2')
    await queue.publish('after')
    expect(await toldTo(queue, 'after')).toEqual(['too', [4, 4], 'after'])
  })

  test('a journal whose switch and position are gone is kept on as soon as it is asked for', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await journal(queue, { keep: 5 })
    await queue.publish('before')
    await kit.read(world, 'DEL', 'control')
    await kit.read(world, 'DEL', 'totals')
    await journal(queue, { keep: 5 })
    await queue.publish('after')
    expect(await toldTo(queue, 'after')).toEqual(['before', [3, 3], 'after'])
    await audit(queue, { repair: true })
  })

  test('a journal whose switch is gone can be ended all the same', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await journal(queue, { keep: 5 })
    await queue.publish('a')
    await kit.read(world, 'DEL', 'control')
    await journal(queue, { keep: 0 })
    expect(await kit.read<number>(world, 'EXISTS', 'events')).toBe(0)
    expect(kinds(await audit(queue))).toEqual([])
  })

  test('a report is plain data, and names no more IDs than asked for', async () => {
    const world = await kit.world()
    const { queue } = await rich(world)
    await kit.read(world, 'DEL', 'queued')
    const report = await audit(queue, { sample: 2 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report).toMatchObject({ queue: 'trucks', full: true, repair: false, clean: false, committed: 10 })
    const nowhere = report.findings.find(({ kind }) => kind === 'nowhere')
    expect(nowhere).toMatchObject({ law: 'L1', count: 4, mended: 0 })
    expect(nowhere?.ids).toHaveLength(2)
    await audit(queue, { repair: true })
  })
})
