import { expect, onTestFinished, test, vi } from 'vitest'
import { events, journal, listen, type QueueEvent } from '../../src/events-log/index.js'
import type { Queue } from '../../src/index.js'
import { onBothStores, onRedis, type World } from '../queue/kit.js'
import { until } from '../support/until.js'

/** `kind ids`, in the order they were told. */
class Notes {
  readonly lines: string[] = []
  readonly events: QueueEvent[] = []
  readonly #lookers = new Set<() => void>()

  readonly take = (event: QueueEvent): void => {
    this.events.push(event)
    this.lines.push(event.kind === 'gap' ? `gap ${event.from} ${event.to}` : `${event.kind} ${event.ids.join()}`)
    for (const look of [...this.#lookers]) look()
  }

  /** Resolves once so many are there. */
  async has(count: number): Promise<readonly string[]> {
    if (this.lines.length < count) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (this.lines.length < count) return
          this.#lookers.delete(look)
          resolve()
        }
        this.#lookers.add(look)
      })
    }
    return this.lines
  }
}

const KINDS = [
  'queued',
  'revived',
  'duplicate',
  'started',
  'progress',
  'done',
  'retried',
  'failed',
  'jammed',
  'withdrawn',
  'cleared',
  'paused',
  'resumed',
  'gap',
] as const

async function noting(queue: Queue, options?: Parameters<typeof listen>[2]): Promise<Notes> {
  const notes = new Notes()
  const ears = await listen(queue, Object.fromEntries(KINDS.map((kind) => [kind, notes.take])), options)
  onTestFinished(() => ears.close())
  return notes
}

/** Reads in the background until it ends. */
function reading(from: AsyncIterable<QueueEvent>): { readonly notes: Notes; readonly over: Promise<void> } {
  const notes = new Notes()
  const over = (async () => {
    for await (const event of from) notes.take(event)
  })()
  return { notes, over }
}

const last = async (world: World): Promise<number> => {
  const order = { order: 'messages', from: 1, limit: 1 } as const
  return (await world.store().control(order, { timeout: 10_000 })).messages?.last ?? -1
}

onBothStores((kit) => {
  test('whatever happens to an ID is told to every process, in order, with the time of the server', async () => {
    const world = await kit.world()
    const notes = await noting(world.queue())
    const queue = world.queue({ attempts: 2, backoff: 0 })
    await queue.publish('a')
    await queue.publish('a')
    const worker = queue.process(async (job) => {
      if (job.id === 'b') throw new Error('no')
      await job.progress(1, 2)
    })
    await notes.has(5)
    await queue.publish('b')
    await notes.has(10)
    await queue.publish('b')
    await notes.has(15)
    await worker.close()
    await queue.pause()
    await queue.resume()
    await queue.publish('c')
    await queue.withdraw('c')
    await queue.clear()
    await notes.has(20)
    expect(notes.lines).toEqual([
      ...['queued a', 'duplicate a', 'started a', 'progress a', 'done a'],
      ...['queued b', 'started b', 'retried b', 'started b', 'failed b'],
      ...['revived b', 'started b', 'retried b', 'started b', 'failed b'],
      ...['paused ', 'resumed ', 'queued c', 'withdrawn c', 'cleared '],
    ])
    const told = notes.events.flatMap((event) => (event.kind === 'gap' ? [] : [event]))
    expect(told.map(({ position }) => position)).toEqual(told.map(({ position }) => position).toSorted((a, b) => a - b))
    expect(told.every(({ at }) => at.getTime() === world.now)).toBe(true)
  })

  test('a jam is told', async () => {
    const world = await kit.world()
    const notes = await noting(world.queue())
    await world.queue().publish('a')
    await world.die()
    await world.lapse()
    expect(await notes.has(3)).toEqual(['queued a', 'started a', 'jammed a'])
  })

  test('what one script did to many is one message', async () => {
    const world = await kit.world()
    const notes = await noting(world.queue())
    await world.queue().publishMany(['a', 'b', 'a'])
    expect(await notes.has(2)).toEqual(['queued a,b', 'duplicate a'])
    expect(notes.events[0]).toMatchObject({ position: (notes.events[1] as { position: number }).position })
  })

  test('when nobody listens and no journal is kept, nothing is sent', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const before = events(queue)
    await queue.publish('a')
    await queue.withdraw('a')
    expect(await last(world)).toBe(0)
    await before.return(undefined)
  })

  test('a loop ends by break, by its signal and with the queue, and what is behind it too', async () => {
    const world = await kit.world()
    const queue = world.queue()
    const feeder = world.queue()
    await journal(feeder, { keep: 10 })
    await feeder.publish('a')
    for await (const event of events(queue, { from: 'oldest' })) {
      expect(event).toMatchObject({ kind: 'queued', ids: ['a'] })
      break
    }
    const controller = new AbortController()
    const one = reading(events(queue, { from: 'oldest', signal: controller.signal }))
    const two = reading(events(queue, { from: 'oldest' }))
    await Promise.all([one.notes.has(1), two.notes.has(1)])
    controller.abort()
    await one.over
    await feeder.publish('b')
    expect(await two.notes.has(2)).toEqual(['queued a', 'queued b'])
    await queue.close()
    await two.over
    expect(one.notes.lines).toEqual(['queued a'])
    for await (const event of events(feeder, { signal: AbortSignal.abort() })) expect(event).toBe('never told')
    await expect(events(queue).next()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('of what a journal keeps none is missed, and a gap is told', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await journal(queue, { keep: 3 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) await queue.publish(id)
    const all = await noting(world.queue(), { from: 'oldest' })
    expect(await all.has(3)).toEqual(['queued c', 'queued d', 'queued e'])
    const { position } = all.events[0] as { position: number }
    const late = await noting(world.queue(), { from: position - 2 })
    expect(await late.has(4)).toEqual([`gap ${position - 2} ${position - 1}`, 'queued c', 'queued d', 'queued e'])
    const on = await noting(world.queue(), { from: position + 2 })
    await queue.publish('f')
    expect(await on.has(2)).toEqual(['queued e', 'queued f'])
    await journal(queue, { keep: 0 })
    const none = await noting(world.queue(), { from: position + 2 })
    expect(await none.has(1)).toEqual([`gap ${position + 2} null`])
  })

  test('a listener that throws stops nothing and nobody', async () => {
    const world = await kit.world()
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    const queue = world.queue()
    const notes = await noting(world.queue())
    const bad = await listen(queue, {
      queued: () => {
        throw new Error('now')
      },
      done: () => Promise.reject(new Error('later')),
    })
    queue.process(() => {})
    await queue.publish('a')
    await notes.has(3)
    await queue.publish('b')
    expect(await notes.has(6)).toEqual(['queued a', 'started a', 'done a', 'queued b', 'started b', 'done b'])
    await bad.close()
    expect(log.mock.calls.length).toBe(4)
  })

  test('what is asked for is checked', async () => {
    const queue = (await kit.world()).queue()
    const code = 'BAD_OPTION'
    expect(() => events({} as Queue)).toThrow('expected a queue of createQueue')
    expect(() => events(queue, { from: 0 })).toThrow("from: expected a position of at least 1, or 'oldest', not 0")
    expect(() => events(queue, { form: 1 } as never)).toThrow("Did you mean 'from'?")
    await expect(listen(queue, { finished: () => {} } as never)).rejects.toMatchObject({ code })
    await expect(listen(queue, { done: 1 } as never)).rejects.toMatchObject({ code: 'BAD_HANDLER' })
    await expect(listen(queue, undefined as never)).rejects.toMatchObject({ code: 'BAD_HANDLER' })
    await expect(journal(queue, {} as never)).rejects.toMatchObject({ code })
    await expect(journal(queue, { keep: -1 })).rejects.toMatchObject({ code })
  })
})

onRedis('on Redis alone', (kit) => {
  test('a connection that is lost costs nothing of what a journal keeps', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await journal(queue, { keep: 100 })
    const notes = await noting(world.queue())
    for (let i = 1; i <= 5; i++) {
      await queue.publish(`${i}`)
      await notes.has(i)
      await kit.server().cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    }
    await queue.publish('6')
    expect(await notes.has(6)).toEqual([1, 2, 3, 4, 5, 6].map((i) => `queued ${i}`))
  })

  test('no connection is left behind', async () => {
    const world = await kit.world()
    const queue = world.queue()
    await queue.publish('a')
    const subscribed = async (): Promise<number> =>
      (await kit.server().cli('CLIENT', 'LIST')).split('\n').filter((line) => / (?:ssub|sub)=[1-9]/.test(line)).length
    const before = await subscribed()
    const ears = await listen(queue, {})
    const more = await listen(queue, {})
    expect(await subscribed()).toBe(before + 1)
    await ears.close()
    expect(await subscribed()).toBe(before + 1)
    await more.close()
    await until('the connection is gone', async () => (await subscribed()) === before)
  })
})
