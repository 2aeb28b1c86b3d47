import { expect, test } from 'vitest'
import type { CallDedupe } from '../../src/dedupe.js'
import { events, journal } from '../../src/events-log/index.js'
import { createQueue } from '../../src/index.js'
import { MESSAGE_KINDS } from '../../src/messages.js'
import type { PublishItem } from '../../src/publish-options.js'
import { every, unschedule } from '../../src/schedule/index.js'
import { publishAndWait } from '../../src/wait/index.js'
import { onRedis } from './kit.js'
import { type Body, Yard } from './yard.js'

/** Different IDs. Fewer by `GONE_IDS=20000`. */
const MANY = Number(process.env['GONE_IDS'] ?? 100_000)
const ROUND = 10_000

/** So many different IDs come, meet all that an ID can meet, and go. */
async function round(yard: Yard, number: number, many: number): Promise<void> {
  const { tally } = yard
  const queue = yard.open()
  const publish = async (items: readonly PublishItem<Body>[], dedupe: CallDedupe = {}): Promise<void> => {
    for (const { outcome, was } of await queue.publishMany(items.map((item) => ({ ...item, dedupe })))) {
      tally.add(`${outcome} ${was}`)
    }
  }
  const items = Array.from({ length: many }, (_, n) => ({
    id: `${number}:${n}`,
    payload: { n, text: 'x'.repeat(n % 100) },
    priority: (n % 7) - 3,
    ...(n % 4 === 0 ? { delay: 200 + (n % 100) } : {}),
  }))
  const idsOf = (each: number, from: number): string[] => items.filter((_, n) => n % each === from).map(({ id }) => id)
  await journal(queue, { keep: 100 })
  const following = (async () => {
    for await (const { kind } of events(queue)) tally.add(`told ${kind}`)
  })()
  await every(queue, `${number}:pulse:0`, 'PT1S', { payload: { n: 0, text: 'every second' } })
  await publish(items)
  tally.add('bytes', Math.max(0, (await yard.bytes()) - (tally.of.get('bytes') ?? 0)))
  await publish(items.filter((_, n) => n % 9 === 0))
  await publish(
    items.filter((_, n) => n % 3 === 0).map((item) => ({ ...item, priority: 7 })),
    { waiting: 'replace', timing: 'latest', maxWait: 1_000 },
  )
  await queue.withdraw(idsOf(50, 9))
  await queue.promote(idsOf(40, 0))
  await yard.jam(Math.min(900, many / 10))

  await queue.pause()
  await yard.look()
  yard.work(queue)
  const waits = Array.from({ length: 8 }, async (_, n) => {
    const { result } = await publishAndWait(queue, `${number}:wait${n}:0`, { payload: { n, text: '' } })
    if (result === n) tally.add('waited for')
  })
  await queue.resume()
  await yard.drain(queue, Promise.all(waits))
  await publish(items.filter((_, n) => n % 10 === 8))
  // Of what failed some is retried, some is published again; all of it fails once more, and is withdrawn.
  const { ids } = await queue.list('failed', { limit: 300 })
  await queue.retry(ids.slice(0, 100))
  await publish(ids.slice(100, 200).map((id) => ({ id, payload: { n: 2, text: '' } })))
  await yard.drain(queue)
  await queue.withdraw({ state: 'failed' })
  await publish(
    items.slice(0, many / 20).map((item) => ({ ...item, id: `${item.id}:later`, delay: 'PT1H' })),
    { timing: 'latest' },
  )
  await queue.clear()
  await unschedule(queue, `${number}:pulse:0`)
  await yard.drain(queue)
  await journal(queue, { keep: 0 })
  await queue.close()
  await following

  // In strict order a retry holds the line.
  const strict = yard.open({ ordered: true, limit: undefined })
  await strict.publishMany(['1', '2'].map((n) => ({ id: `${number}:strict${n}:1`, payload: { n: 0, text: '' } })))
  yard.work(strict)
  await yard.drain(strict)
  await strict.close()
}

onRedis('on Redis', (kit) => {
  const title = 'when a hundred thousand IDs have met all that an ID can meet, and have gone, nothing of them is left'
  test(title, { timeout: 240_000 }, async () => {
    const world = await kit.world()
    const yard = new Yard(kit, world)
    const plain = createQueue(world.name, { store: world.open, prefix: world.prefix })
    plain.process(() => {})
    await plain.publish('1')
    await plain.idle()
    await plain.close()
    const start = await yard.rest()
    await round(yard, 0, 200)
    const few = await yard.rest()

    for (let number = 1; number <= MANY / ROUND; number++) await round(yard, number, ROUND)
    const many = await yard.rest()

    expect([...yard.unseen], 'every key of the layout was there').toEqual([])
    const { of } = yard.tally
    expect(
      MESSAGE_KINDS.filter((kind) => !of.has(`told ${kind}`)),
      'all happened that can happen',
    ).toEqual([])
    const met = ['updated queued', 'updated delayed', 'duplicate delayed', 'duplicate remembered', 'queued failed']
    met.push('rerun processing', 'jammed, now queued', 'jammed, now failed', 'waited for')
    expect(met.filter((what) => !of.has(what))).toEqual([])
    expect(of.get('bytes'), 'the bytes of one round').toBeGreaterThan(many.bytes + 2_000_000)

    // Whether the token of an empty line was taken last, or left, is nobody's business: it is one at most.
    const wake = { wake: 1 }
    expect(Object.keys({ ...many.keys, ...wake }).sort()).toEqual(Object.keys({ ...start.keys, ...wake }).sort())
    expect(many.keys['wake'] ?? 0).toBeLessThanOrEqual(1)
    // Of `totals` the names alone have become more, and `marks` has one a second.
    expect({ ...many.keys, ...wake, marks: 1 }).toEqual({ ...few.keys, ...wake, marks: 1 })
    expect(many.keys['marks']).toBeLessThanOrEqual(3)
    // Connections take more or less; a byte for each ID would be 5 %.
    expect(many.bytes / few.bytes).toBeLessThan(1.05)
  })
})
