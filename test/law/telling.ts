import { expect } from 'vitest'
import { type Message, readMessage } from '../../src/messages.js'
import { done, fail, type Laws, PATIENCE, release, retry, type Scene } from './scene.js'

/** What is heard of a queue, message by message. */
class Heard {
  readonly #stop = new AbortController()
  readonly #messages: Message[] = []
  readonly #waiting: ((message: Message) => void)[] = []

  static async of(q: Scene): Promise<Heard> {
    const heard = new Heard()
    await q.store.listen((text) => text !== null && heard.#take(readMessage(text)), heard.#stop.signal, PATIENCE)
    return heard
  }

  next(): Promise<Message> {
    const message = this.#messages.shift()
    return message === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(message)
  }

  /** What the next message tells. */
  async told(): Promise<string> {
    return spell(await this.next())
  }

  stop(): void {
    this.#stop.abort()
  }

  #take(message: Message): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#messages.push(message)
    else waiting(message)
  }
}

const spell = ({ told }: Message): string => told.map(({ kind, ids }) => `${kind} ${ids.join()}`.trim()).join('; ')

async function journal(q: Scene, from = 0, limit = 100): Promise<string[]> {
  const { messages } = await q.control({ order: 'messages', from, limit })
  return (messages?.texts ?? []).map((text) => spell(readMessage(text)))
}

export const telling: Laws = {
  'whoever listens hears each verb that changed something, once and in order': async (q) => {
    const heard = await Heard.of(q)
    await q.publish('a', 'b', 'a', 'c')
    expect(await heard.told()).toBe('queued a,b,c; duplicate a')
    const { token } = await q.claim(3, { slots: 2 })
    expect(await heard.told()).toBe('started a,b')
    await q.step({ settle: [done(token, 'a'), retry(token, 50, 'b')], started: [{ token, ids: ['c'] }] })
    expect(await heard.told()).toBe('done a; retried b; started c')
    await q.report({ id: 'c', token, progress: '1' })
    expect(await heard.told()).toBe('progress c')
    await q.settle(fail(token, 'c'))
    expect(await heard.told()).toBe('failed c')
    expect(await q.publish('c', 'b')).toBe('fy')
    expect(await heard.told()).toBe('revived c; duplicate b')
    await q.withdraw('b', 'nobody')
    expect(await heard.told()).toBe('withdrawn b')
    await q.clear()
    expect(await heard.told()).toBe('cleared')
    heard.stop()
  },

  'a message has the position after the one before, and the time of the store': async (q) => {
    const heard = await Heard.of(q)
    await q.publish('a')
    await q.pass(70)
    await q.publish('b')
    const [one, two] = [await heard.next(), await heard.next()]
    expect([two.position - one.position, two.at - one.at, two.at]).toEqual([1, 70, q.now])
    heard.stop()
  },

  'what changes nothing is not told': async (q) => {
    const heard = await Heard.of(q)
    await q.claim(1)
    await q.step({})
    await q.sweep()
    await q.withdraw('nobody')
    await q.move('failed', 'nobody')
    await q.control({ order: 'resume' })
    await q.report({ id: 'nobody', token: 'x', progress: '1' })
    await q.publish('a')
    expect(await heard.told()).toBe('queued a')
    heard.stop()
  },

  'what jams is told, and what fails by it': async (q) => {
    await q.publish('a', 'b')
    await q.claim(1)
    const heard = await Heard.of(q)
    await q.lapse({ maxJams: 1 })
    expect(await heard.told()).toBe('jammed a')
    await q.claim(1)
    expect(await heard.told()).toBe('started a')
    await q.lapse({ maxJams: 1 })
    expect(await heard.told()).toBe('jammed a; failed a')
    await q.move('failed', 'a')
    expect(await heard.told()).toBe('revived a')
    heard.stop()
  },

  'two listeners hear the same; who stops hears no more, and the other goes on': async (q) => {
    const [one, two] = [await Heard.of(q), await Heard.of(q)]
    await q.publish('a')
    expect([await one.told(), await two.told()]).toEqual(['queued a', 'queued a'])
    one.stop()
    await q.publish('b')
    expect(await two.told()).toBe('queued b')
    two.stop()
  },

  'a pause and a resume are told once': async (q) => {
    const heard = await Heard.of(q)
    for (const order of ['pause', 'pause', 'resume', 'resume'] as const) await q.control({ order })
    await q.publish('a')
    expect([await heard.told(), await heard.told(), await heard.told()]).toEqual(['paused', 'resumed', 'queued a'])
    heard.stop()
  },

  'a journal keeps the last messages, and gives them from any position on': async (q) => {
    await q.control({ order: 'journal', keep: 3 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) await q.publish(id)
    expect(await journal(q)).toEqual(['queued c', 'queued d', 'queued e'])
    const { messages } = await q.control({ order: 'messages', from: 0, limit: 1 })
    const first = messages?.first ?? 0
    expect(messages).toMatchObject({ first, last: first + 2, texts: [expect.stringContaining('"c"')] })
    expect(await journal(q, first + 1)).toEqual(['queued d', 'queued e'])
    expect(await journal(q, first + 1, 1)).toEqual(['queued d'])
    expect(await journal(q, first + 3)).toEqual([])
    await q.control({ order: 'journal', keep: 1 })
    expect(await journal(q)).toEqual(['queued e'])
  },

  'a journal keeps what is heard, too': async (q) => {
    await q.control({ order: 'journal', keep: 9 })
    const heard = await Heard.of(q)
    await q.publish('a')
    await q.withdraw('a')
    expect([await heard.told(), await heard.told()]).toEqual(['queued a', 'withdrawn a'])
    expect(await journal(q)).toEqual(['queued a', 'withdrawn a'])
    heard.stop()
  },

  'who reads a journal sees that none was kept for a while': async (q) => {
    await q.control({ order: 'journal', keep: 9 })
    await q.publish('a')
    const before = (await q.control({ order: 'messages', from: 0, limit: 9 })).messages?.last ?? 0
    await q.control({ order: 'journal', keep: 0 })
    await q.publish('b')
    expect(await q.control({ order: 'messages', from: 0, limit: 9 })).toMatchObject({
      messages: { first: 0, texts: [] },
    })
    await q.control({ order: 'journal', keep: 9 })
    await q.publish('c')
    expect(await journal(q)).toEqual(['queued c'])
    const { messages } = await q.control({ order: 'messages', from: 0, limit: 9 })
    expect(messages?.first).toBeGreaterThan(before + 1)
  },

  'a release, a renewal and a look tell nothing': async (q) => {
    await q.publish('a')
    const { token } = await q.claim(1)
    await q.control({ order: 'journal', keep: 9 })
    await q.renew({ token, ids: ['a'] })
    await q.settle(release(token, 'a'))
    await q.everything('a')
    expect(await journal(q)).toEqual([])
  },
}
