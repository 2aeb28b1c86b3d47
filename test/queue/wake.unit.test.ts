import { expect, test } from 'vitest'
import { createQueue, memoryStore, type QueueOptions, steppedClock } from '../../src/index.js'
import type { StepReply } from '../../src/step.js'
import type { OpenStore } from '../../src/store.js'
import { Latch } from '../support/latch.js'
import { ManualClock } from './manual-clock.js'

/** A store whose second empty claim is answered late: after the token of a publish that came behind it has been taken. */
function lateAnswers(open: OpenStore, held: { readonly asked: Latch; readonly answer: Latch }): OpenStore {
  let empty = 0
  return (place) => {
    const store = open(place)
    const step: typeof store.step = async (request, patience) => {
      const reply: StepReply = await store.step(request, patience)
      if (request.claim > 0 && reply.ids.length === 0 && ++empty === 2) {
        held.asked.open()
        await held.answer.wait
      }
      return reply
    }
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'step') return step
        // Only the token wakes: a worker that forgot it would sleep on.
        if (name === 'awaitWork') return (_timeout: number, signal: AbortSignal) => store.awaitWork(2 ** 30, signal)
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }
}

test('a wake-up that overtakes the answer of an empty claim is not forgotten', { timeout: 5_000 }, async () => {
  const held = { asked: new Latch(), answer: new Latch() }
  const ran = new Latch(2)
  const clock = new ManualClock()
  const queue = createQueue('wake', { store: lateAnswers(memoryStore(), held), clock })
  const [began, end] = [new Latch(), new Latch()]
  const worker = queue.process(
    async ({ id }) => {
      began.open()
      if (id === 'first') await end.wait
      ran.countDown()
    },
    { concurrency: 2 },
  )
  await queue.publish('first')
  await began.wait
  // While the first job runs its worker waits for the token again, with the slot that is left. Its settle carries a claim for
  // the other one, that finds nothing; the answer is held.
  setImmediate(() => end.open())
  await held.asked.wait
  // This publish wakes it …
  await queue.publish('second')
  // … and only then does it hear that the line was empty. No time passes: the clock stands still.
  setImmediate(() => held.answer.open())
  await ran.wait
  await new Promise((turn) => setImmediate(turn))
  expect(worker.running).toBe(0)
  const closed = queue.close()
  clock.pass(60_000)
  await closed
})

/** When, ms after the first, each run began; the worker has slots to spare, so that it waits while it runs. */
async function begun(options: QueueOptions, ids: readonly string[], fail: (attempt: number) => boolean) {
  const clock = steppedClock()
  const queue = createQueue('wake', { store: memoryStore({ clock }), clock, ...options })
  const at: number[] = []
  queue.process(
    async ({ attempt }) => {
      at.push(clock.now())
      await new Promise((resolve) => clock.setTimer(() => resolve(undefined), 50))
      if (fail(attempt)) throw new Error('busy')
    },
    { concurrency: 5 },
  )
  await clock.advance(1_000)
  await queue.publishMany(ids)
  await clock.advance(2_000)
  const closed = queue.close()
  await clock.advance(0)
  await closed
  return at.map((ms) => ms - (at[0] ?? 0))
}

test('a worker that waits for the token comes back when its own retry is due, not when its wait is over', async () => {
  expect(await begun({ attempts: 3, backoff: 100 }, ['a'], (attempt) => attempt < 3)).toEqual([0, 151, 302])
})

test('… and when the window of a rate is over', async () => {
  const limit = { active: 2, rate: { max: 3, per: 300 } }
  expect(await begun({ limit }, ['a', 'b', 'c', 'd'], () => false)).toEqual([0, 0, 50, 301])
})
