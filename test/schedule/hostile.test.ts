import { expect, test } from 'vitest'
import type { ConvoyError } from '../../src/index.js'
import { every, schedules, unschedule } from '../../src/schedule/index.js'
import { onBothStores } from '../queue/kit.js'
import { ALIKE, HOSTILE, UNPRINTABLE } from '../support/hostile.js'
import { SlowClock } from './slow-clock.js'

const MINUTE = 60_000
const PATIENCE = { timeout: 10_000 }
const IDS = [...new Set([...HOSTILE, ...ALIKE])]

const byUnit = (ids: readonly string[]): string[] => ids.toSorted((a, b) => (a < b ? -1 : 1))

onBothStores((kit) => {
  test('odd IDs have schedules of their own: each is listed, publishes itself, and is taken out alone', async () => {
    const world = await kit.world()
    const clock = new SlowClock()
    const queue = world.queue({ clock })
    await Promise.all(IDS.map((id, i) => every(queue, id, MINUTE + i)))
    await clock.sleeps(IDS.length)
    const written = new Map((await schedules(queue)).map(({ id, every: ms }) => [id, ms]))
    expect(written).toEqual(new Map(IDS.map((id, i) => [id, MINUTE + i])))
    expect((await schedules(queue)).map(({ id }) => id)).toEqual(byUnit(IDS))
    const out = IDS.filter((_, place) => place % 2 === 0)
    const left = IDS.filter((_, place) => place % 2 === 1)
    expect(await Promise.all(out.map((id) => unschedule(queue, id)))).toEqual(out.map(() => true))
    expect((await schedules(queue)).map(({ id }) => id)).toEqual(byUnit(left))
    await clock.sleeps(left.length)
    await world.serverPasses(MINUTE + IDS.length)
    clock.pass(MINUTE + IDS.length)
    await clock.sleeps(left.length)
    expect((await queue.list('queued', { limit: 1_000 })).ids.toSorted()).toEqual(left.toSorted())
    expect((await queue.stats()).totals).toMatchObject({ published: left.length, duplicates: 0 })
  })

  test('a schedule that cannot be read is told in one line, whatever its ID and its text', async () => {
    const world = await kit.world()
    const clock = new SlowClock()
    const queue = world.queue({ clock })
    const errors: ConvoyError[] = []
    const told = new Promise<void>((resolve) => {
      queue.on('error', (error) => {
        errors.push(error as ConvoyError)
        if (errors.length === HOSTILE.length) resolve()
      })
    })
    await Promise.all(HOSTILE.map((id) => every(queue, id, 'PT1M')))
    await clock.sleeps(HOSTILE.length)
    const store = world.store()
    await Promise.all(
      HOSTILE.map((id, i) => {
        const text = i % 2 === 0 ? `weekly ${id}` : `cron UTC ${id}`
        return store.control({ order: 'schedule', id, text, slot: world.now }, PATIENCE)
      }),
    )
    await world.serverPasses(MINUTE)
    clock.pass(MINUTE)
    await told
    for (const { code, message } of errors) {
      expect(code).toBe('BAD_OPTION')
      expect(message).not.toMatch(UNPRINTABLE)
      expect(message.length).toBeLessThan(900)
    }
    expect(errors.some(({ message }) => message.includes("every: '__proto__': a schedule of another version"))).toBe(
      true,
    )
    expect((await queue.stats()).totals.published).toBe(0)
  })
})
