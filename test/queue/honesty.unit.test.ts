import { expect, test } from 'vitest'
import { ConvoyError, createQueue, memoryStore } from '../../src/index.js'
import type { OpenStore, Store } from '../../src/store.js'
import { Latch } from '../support/latch.js'

/** The memory store with some verbs replaced. */
function altered(change: (store: Store) => Partial<Store>): OpenStore {
  const open = memoryStore()
  return (place) => {
    const store = open(place)
    const changed = change(store)
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }
}

test('publishMany does not say that nothing has happened when some of it has', async () => {
  let calls = 0
  const store = altered((whole) => ({
    publish: async (request, patience) => {
      if (++calls === 3) throw new ConvoyError('UNAVAILABLE')
      return whole.publish(request, patience)
    },
  }))
  const queue = createQueue('honest', { store })
  const ids = Array.from({ length: 5_000 }, (_, i) => i)
  const error: unknown = await queue.publishMany(ids).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'UNAVAILABLE' } })
  const { committed } = await queue.stats()
  expect(String(error)).toContain(`${committed} of 5000 IDs were published before`)
  expect(committed).toBeGreaterThanOrEqual(2_000)
  await queue.close()
})

test('a listener that rejects stops nothing', async () => {
  const queue = createQueue('observed', { store: memoryStore() })
  const told = new Latch()
  queue.on('failed', async () => {
    told.open()
    throw new Error('from the listener')
  })
  queue.process(() => {
    throw new Error('from the handler')
  })
  await queue.publish('a')
  await told.wait
  expect(await queue.inspect('a')).toMatchObject({ state: 'failed' })
  await queue.close()
})

test('the late answer to an old renewal does not touch a newer claim of the same ID', async () => {
  const [held, answer, lost] = [new Latch(), new Latch(), new Latch()]
  let renewals = 0
  const store = altered((whole) => ({
    step: async (request, patience) => {
      const reply = await whole.step(request, patience)
      if (request.renew.length === 0 || ++renewals > 1) return reply
      // Its answer was lost; by the time it is asked again, the claim has ended.
      held.open()
      await answer.wait
      return { ...reply, renewed: '0' }
    },
  }))
  const queue = createQueue('renewed', { store, lease: 300 })
  queue.on('lost', () => lost.open())
  const [begun, end] = [
    [new Latch(), new Latch()],
    [new Latch(), new Latch()],
  ]
  let run = 0
  queue.process(async () => {
    const at = run++
    begun[at]?.open()
    await end[at]?.wait
  })
  await queue.publish('a')
  await held.wait
  await queue.withdraw('a')
  expect(await queue.publish('a')).toMatchObject({ outcome: 'rerun' })
  end[0]?.open()
  await begun[1]?.wait
  answer.open()
  // The answer is read before this run ends: that takes no more than the turns of promises.
  await new Promise((go) => setImmediate(go))
  end[1]?.open()
  await queue.idle()
  expect(lost.isOpen).toBe(false)
  expect((await queue.stats()).totals).toMatchObject({ done: 1, lost: 0, jammed: 0 })
  await queue.close()
})

test('an uncalled memoryStore is told apart, and an empty CONVOY_STORE is none', () => {
  expect(() => createQueue('q', { store: memoryStore as never })).toThrow(/call it: memoryStore\(\)/)
  process.env['CONVOY_STORE'] = ''
  expect(() => createQueue('q')).not.toThrow()
  delete process.env['CONVOY_STORE']
})
