import { expect, test } from 'vitest'
import { type ConvoyError, createQueue, memoryStore } from '../../src/index.js'
import { every } from '../../src/schedule/index.js'
import { HOSTILE, UNPRINTABLE } from '../support/hostile.js'
import { onBothStores } from './kit.js'

const LEASE = 30_000

/** One line, and no longer than an ID that is cut and spelled out makes it. */
function checkText(text: string, of: string): void {
  expect(text, JSON.stringify(of)).not.toMatch(UNPRINTABLE)
  expect(text.length, JSON.stringify(of)).toBeLessThan(600)
}

onBothStores((kit) => {
  test('a lease that lapsed is told in one line, whatever the ID: no end, no colour, no turn', async () => {
    const world = await kit.world()
    const { clock } = world
    const queue = world.queue({ clock, lease: LEASE })
    queue.on('error', () => {})
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: HOSTILE.length })
    await queue.publishMany(HOSTILE)
    await stage.begins(HOSTILE.length)
    const gate = world.spy.hold('step')
    await world.pass(LEASE)
    const reasons = stage.begun.map(({ id, signal }) => [id, signal.reason as ConvoyError] as const)
    stage.open()
    gate.opened.open()
    expect(reasons.map(([id, { code }]) => [id, code])).toEqual(HOSTILE.map((id) => [id, 'LEASE_LAPSED']))
    for (const [id, { message }] of reasons) checkText(message, id)
    expect(reasons[0]?.[1].message).toContain("the lease of '__proto__' was not renewed")
  })

  test('a withdrawn, superseded or lost run is told in one line, whatever the ID', async () => {
    const world = await kit.world()
    const { clock, spy } = world
    const queue = world.queue({ clock, lease: LEASE, dedupe: { processing: 'supersede' } })
    const stage = world.stage()
    queue.process(stage.handler, { concurrency: HOSTILE.length })
    await queue.publishMany(HOSTILE)
    await stage.begins(HOSTILE.length)
    const third = (rest: number): string[] => HOSTILE.filter((_, place) => place % 3 === rest)
    await queue.withdraw(third(0))
    await queue.publishMany(third(1))
    await world.pass(LEASE / 3)
    await spy.until(() => spy.renewed.length >= HOSTILE.length)
    // What is left is taken from it.
    await world.lapse({ limit: 1_000 })
    clock.pass(LEASE / 3)
    await spy.until(() => spy.renewed.filter((mark) => mark.endsWith(' 0')).length >= third(2).length)
    const reasons = new Map(stage.begun.map(({ id, signal }) => [id, signal.reason as ConvoyError]))
    for (const [rest, code] of ['ABORTED', 'SUPERSEDED', 'ABORTED'].entries()) {
      expect(third(rest).map((id) => reasons.get(id)?.code)).toEqual(third(rest).map(() => code))
    }
    for (const [id, { message }] of reasons) checkText(message, id)
    stage.open()
  })
})

test('options are refused in one line, whatever is wrong with them', async () => {
  const queue = createQueue('trucks', { store: memoryStore() })
  for (const id of HOSTILE) {
    const refusals: unknown[] = [
      await every(queue, 'a', `${id} x x x`).catch((thrown: unknown) => thrown),
      await every(queue, 'a', '@daily', { timeZone: `${id}/` }).catch((thrown: unknown) => thrown),
    ]
    try {
      createQueue('trucks', { store: memoryStore(), durability: { replicas: 1, [`${id} `]: 1 } as never })
    } catch (thrown) {
      refusals.push(thrown)
    }
    expect(refusals, JSON.stringify(id)).toMatchObject(Array(3).fill({ name: 'ConvoyError', code: 'BAD_OPTION' }))
    for (const { message } of refusals as Error[]) checkText(message, id)
  }
  await queue.close()
})
