import { expect, test } from 'vitest'
import { ConvoyError, createQueue, memoryStore, steppedClock } from '../../src/index.js'
import type { OpenStore, Store } from '../../src/store.js'
import { Latch } from '../support/latch.js'

/** The memory store with some verbs replaced. */
function altered(change: (store: Store) => Partial<Store>, options?: Parameters<typeof memoryStore>[0]): OpenStore {
  const open = memoryStore(options)
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

function thirdScriptFails() {
  let calls = 0
  return altered((whole) => ({
    publish: async (request, patience) => {
      if (++calls === 3) throw new ConvoyError('UNAVAILABLE')
      return whole.publish(request, patience)
    },
  }))
}

test('publishMany does not say that nothing has happened when some of it has', async () => {
  const queue = createQueue('honest', { store: thirdScriptFails() })
  const ids = Array.from({ length: 5_000 }, (_, i) => i)
  const error: unknown = await queue.publishMany(ids).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'UNAVAILABLE' } })
  const { committed } = await queue.stats()
  expect(String(error)).toContain(`${committed} of 5000 IDs were published before`)
  expect(committed).toBeGreaterThanOrEqual(2_000)
  await queue.close()
})

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function* streamOf(count: number) {
  yield* numbers(count)
}

test('a stream does not say that nothing has happened when some of it has', async () => {
  const queue = createQueue('honest', { store: thirdScriptFails() })
  const error: unknown = await queue.publishMany(streamOf(5_000)).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'UNAVAILABLE' } })
  const { committed } = await queue.stats()
  expect(committed).toBeGreaterThan(0)
  expect(String(error)).toContain(`: ${committed} IDs were published before`)
  await queue.close()
})

test('a stream of which nothing was stored says so', async () => {
  const store = altered(() => ({ publish: () => Promise.reject(new ConvoyError('UNAVAILABLE')) }))
  const queue = createQueue('honest', { store })
  await expect(queue.publishMany(streamOf(5_000))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await queue.close()
})

test.each([
  ['publishMany', () => numbers(2_000)],
  ['a stream', () => streamOf(2_000)],
])('%s: an unknown outcome goes before the word that nothing has happened, though that came first', async (_, ids) => {
  const refused = new Latch()
  let calls = 0
  const store = altered((whole) => ({
    publish: async (request, patience) => {
      if (++calls > 1) {
        refused.open()
        throw new ConvoyError('UNAVAILABLE')
      }
      await whole.publish(request, patience)
      await refused.wait
      // By the turns of promises the other one is told before this one.
      await new Promise((go) => setImmediate(go))
      throw new ConvoyError('OUTCOME_UNKNOWN')
    },
  }))
  const queue = createQueue('honest', { store })
  const publishing = queue.publishMany(ids() as AsyncIterable<number>)
  await expect(publishing).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect((await queue.stats()).committed).toBeGreaterThan(0)
  await queue.close()
})

test('a stream in trouble with both its batches and its source tells of the batches', async () => {
  const store = altered((whole) => ({
    publish: async (request, patience) => {
      await whole.publish(request, patience)
      throw new ConvoyError('OUTCOME_UNKNOWN')
    },
  }))
  const queue = createQueue('honest', { store })
  const source = async function* () {
    yield 'a'
    throw new Error('the file ended early')
  }
  await expect(queue.publishMany(source())).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect((await queue.list('queued')).ids).toEqual(['a'])
  await queue.close()
})

test('of those that wait for room, one whose outcome is unknown goes before one that was aborted', async () => {
  const given = new AbortController()
  let calls = 0
  const store = altered((whole) => ({
    publish: async (request, patience) => {
      calls++
      if (calls === 2) given.abort()
      if (calls < 3) return whole.publish(request, patience)
      await whole.publish({ ...request, policy: { ...request.policy, maxLength: 0 } }, patience)
      throw new ConvoyError('OUTCOME_UNKNOWN')
    },
  }))
  const queue = createQueue('honest', { store, maxLength: 1 })
  await queue.publish('there')
  const publishing = queue.publishMany([
    { id: 'a', waitForRoom: 60_000, signal: given.signal },
    { id: 'b', waitForRoom: 60_000 },
  ])
  await expect(publishing).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect((await queue.list('queued')).ids).toEqual(['there', 'b'])
  await queue.close()
})

test('what had failed and is published anew, before all that failed are withdrawn, stays in the queue', async () => {
  let before: (() => Promise<unknown>) | undefined
  const store = altered((whole) => ({
    withdraw: async (request, patience) => {
      await before?.()
      before = undefined
      return whole.withdraw(request, patience)
    },
  }))
  const queue = createQueue('honest', { store })
  queue.process(() => Promise.reject(new Error('no')))
  await queue.publishMany(['a', 'b', 'c'])
  await queue.idle()
  await queue.pause()
  before = () => queue.publish('b')
  expect(await queue.withdraw({ state: 'failed' })).toBe(2)
  expect((await queue.inspectMany(['a', 'b', 'c'])).map(({ state }) => state)).toEqual(['absent', 'queued', 'absent'])
  await queue.close()
})

/** A queue of 3,000, whose third script by hand finds no server. */
async function cutShort(state: 'queued' | 'failed' | 'delayed') {
  let calls = 0
  const third = async <Reply>(call: () => Promise<Reply>): Promise<Reply> => {
    if (++calls === 3) throw new ConvoyError('UNAVAILABLE')
    return call()
  }
  const store = altered((whole) => ({
    withdraw: (ids, patience) => third(() => whole.withdraw(ids, patience)),
    move: (request, patience) => third(() => whole.move(request, patience)),
  }))
  const queue = createQueue('honest', { store, keepFailed: 3_000 })
  const ids = numbers(3_000)
  if (state === 'failed') {
    queue.process(() => Promise.reject(new Error('no')), { concurrency: 100 })
    await queue.publishMany(ids)
    await queue.idle()
    await queue.pause()
  } else await queue.publishMany(ids.map((id) => (state === 'delayed' ? { id, delay: 3_600_000 } : { id })))
  return { queue, ids, left: async () => (await queue.stats())[state] }
}

test.each(['queued', 'failed', 'delayed'] as const)(
  'what is done to %s IDs by hand says what was done',
  async (state) => {
    for (const every of [false, true]) {
      const { queue, ids, left } = await cutShort(state)
      const done = {
        queued: () => (every ? queue.withdraw({ state: 'queued' }) : queue.withdraw(ids)),
        failed: () => (every ? queue.retry('all') : queue.retry(ids)),
        delayed: () => (every ? queue.promote('all') : queue.promote(ids)),
      }
      const error: unknown = await done[state]().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'UNAVAILABLE' } })
      expect(String(error)).toContain(`: 2000 ${every ? '' : 'of 3000 '}IDs were answered before`)
      expect(await left()).toBe(1_000)
      await queue.close()
    }
  },
)

test('a sweep does not say that nothing has happened when some were recovered, and those are told', async () => {
  const clock = steppedClock()
  let calls = 0
  let raw: Store | undefined
  const store = altered(
    (whole) => {
      raw = whole
      return {
        sweep: async (request, patience) => {
          if (++calls === 4) throw new ConvoyError('UNAVAILABLE')
          return whole.sweep(request, patience)
        },
      }
    },
    { clock },
  )
  const queue = createQueue('swept', { store, clock, lease: 1_000 })
  const told: number[] = []
  queue.on('jammed', (jobs) => told.push(jobs.length))
  // The first sweep for long would let the living renew.
  await queue.sweep()
  await clock.advance(400)
  await queue.sweep()
  await queue.publishMany(numbers(600))
  const dead = { worker: 'dead', number: 1, lane: 0, settle: [], renew: [], started: [], leaving: false } as const
  await raw?.step({ ...dead, lease: 100, keepFailed: 0, claim: 600, slots: 600 }, { timeout: 1_000 })
  await clock.advance(450)
  const error: unknown = await queue.sweep().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: { code: 'UNAVAILABLE' } })
  expect(String(error)).toContain(': 250 IDs were recovered before')
  expect(told).toEqual([250])
  expect(await queue.sweep()).toHaveLength(350)
  await queue.close()
})

test('what only reads changes nothing, and may say so', async () => {
  let calls = 0
  const store = altered((whole) => ({
    inspect: async (ids, patience) => {
      if (++calls === 3) throw new ConvoyError('UNAVAILABLE')
      return whole.inspect(ids, patience)
    },
  }))
  const queue = createQueue('honest', { store })
  await expect(queue.inspectMany(numbers(3_000))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
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
