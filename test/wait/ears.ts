import type { OpenStore, Store } from '../../src/store.js'
import { Latch } from '../support/latch.js'

/** Stands between a queue and its store: what is heard of the queue's messages, and when answers come, is the test's to say. */
export class Ears {
  /** Messages are lost. */
  deaf = false
  /** Listeners that have not left. */
  listening = 0
  /** Calls of `inspect` that were answered. */
  looks = 0
  /** What a publish said waits here. */
  answers: Latch = new Latch(0)
  /** What was kept, as a look read it, waits at `answer`, once `read` is open. */
  slow: { readonly read: Latch; readonly answer: Latch } | undefined
  /** Likewise the position of the last message. */
  position: Ears['slow']
  readonly #hearers = new Set<(message: string | null) => void>()
  readonly #lookers = new Set<() => void>()
  #held: string[] | undefined
  #holder: () => void = () => {}

  over(open: OpenStore): OpenStore {
    return (place) => {
      const store = open(place)
      const watched: Pick<Store, 'listen' | 'inspect' | 'recall' | 'publish' | 'control'> = {
        listen: async (hear, signal, patience) => {
          const mine = (message: string | null): void => {
            if (message !== null && this.deaf) return
            if (message !== null && this.#held) {
              this.#held.push(message)
              this.#holder()
            } else {
              hear(message)
            }
          }
          await store.listen(mine, signal, patience)
          if (signal.aborted) return
          this.#hearers.add(hear)
          this.listening++
          signal.addEventListener('abort', () => {
            this.#hearers.delete(hear)
            this.listening--
          })
        },
        inspect: async (ids, patience) => {
          const seen = await store.inspect(ids, patience)
          this.looks++
          setImmediate(() => {
            for (const look of [...this.#lookers]) look()
          })
          return seen
        },
        recall: async (ids, patience) => {
          const kept = await store.recall(ids, patience)
          this.slow?.read.open()
          await this.slow?.answer.wait
          return kept
        },
        control: async (order, patience) => {
          const reply = await store.control(order, patience)
          if (order.order !== 'messages') return reply
          this.position?.read.open()
          await this.position?.answer.wait
          return reply
        },
        publish: async (request, patience) => {
          const reply = await store.publish(request, patience)
          await this.answers.wait
          return reply
        },
      }
      return new Proxy(store, {
        get: (target, name) => {
          const own = watched[name as keyof typeof watched]
          const value = own ?? Reflect.get(target, name)
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value
        },
      })
    }
  }

  /** As a connection that was lost and is back. */
  gap(): void {
    for (const hear of this.#hearers) hear(null)
  }

  /** Messages are late from now on, until they are let go. */
  hold(): void {
    this.#held = []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const message of held) for (const hear of this.#hearers) hear(message)
  }

  /** Lets go those up to the first that holds this text, once it is there. */
  async releaseTo(text: string): Promise<void> {
    for (const message of await this.#takeTo(text)) for (const hear of this.#hearers) hear(message)
  }

  /** The same, but that they are never heard. */
  async loseTo(text: string): Promise<void> {
    await this.#takeTo(text)
  }

  async #takeTo(text: string): Promise<string[]> {
    const count = (): number => (this.#held ?? []).findIndex((message) => message.includes(text)) + 1
    if (count() === 0) {
      await new Promise<void>((resolve) => {
        this.#holder = () => {
          if (count() > 0) resolve()
        }
      })
    }
    return this.#held?.splice(0, count()) ?? []
  }

  /** Resolves once so many looks were answered since the beginning, and their readers have gone on. */
  async looked(count: number): Promise<void> {
    if (this.looks >= count) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.looks < count) return
        this.#lookers.delete(look)
        resolve()
      }
      this.#lookers.add(look)
    })
  }
}
