import { stat } from 'node:fs/promises'
import { expect } from 'vitest'
import {
  type ConvoyError,
  createQueue,
  type OpenStore,
  type Queue,
  type QueueOptions,
  type Verdict,
} from '../../src/index.js'
import { freshName, News } from './kit.js'

const PUBLISHERS = 3
/** IDs in use: few, so that most publishes meet one that is waiting or running. */
const IDS = 60

/** Steps of the whole load: what was first has the smaller number. */
type Tick = number

/**
 * Publishers, a worker and a guard, each as a process of its own would be: with its own queue, and its own connections.
 * They run until `drain()`, which judges what became of every publish.
 */
export class Load {
  readonly publisher: Queue
  readonly worker: Queue
  readonly guard: Queue
  readonly news: News
  readonly workerNews: News
  readonly refused: ConvoyError[] = []
  answered = 0
  repeated = 0
  runs = 0
  jammed = 0
  readonly #started = new Map<string, Tick>()
  /** When the last publish of an ID began that was promised a run after it. */
  readonly #promised = new Map<string, Tick>()
  readonly #lookers = new Set<() => void>()
  readonly #publishing: Promise<void>[]
  #tick = 0
  #over = false

  constructor(store: OpenStore, options: QueueOptions = {}) {
    const name = freshName()
    const open = (): Queue => createQueue(name, { store, publishTimeout: 3_000, ...options })
    this.publisher = open()
    this.worker = open()
    this.guard = open()
    this.news = new News(this.publisher)
    this.workerNews = new News(this.worker)
    this.guard.on('error', () => {})
    this.worker.process(
      async ({ id }) => {
        this.#started.set(id, ++this.#tick)
        this.runs++
        // Some real work: it ends in a later turn of the loop.
        await stat('.')
      },
      { concurrency: 10 },
    )
    this.guard.jamGuard({ every: 100 }, (jobs) => {
      this.jammed += jobs.length
    })
    this.#publishing = Array.from({ length: PUBLISHERS }, (_, place) => this.#publish(place))
  }

  /** Resolves when this many more publishes have been answered. */
  async answers(more: number): Promise<void> {
    const goal = this.answered + more
    while (this.answered < goal) {
      await new Promise<void>((resolve) => {
        this.#lookers.add(resolve)
      })
    }
  }

  /** Stops the publishers, waits until nothing is committed, and judges. */
  async drain(): Promise<void> {
    this.#over = true
    await Promise.all(this.#publishing)
    await this.publisher.idle()
    const broken = [...this.#promised].filter(([id, tick]) => (this.#started.get(id) ?? 0) < tick)
    expect(broken, 'IDs that were promised a run and had none').toEqual([])
    const { committed, totals } = await this.publisher.stats()
    expect(committed).toBe(0)
    expect(totals.entered - totals.left).toBe(0)
    expect(totals.failed).toBe(0)
    for (const { code } of this.refused) expect(['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'REFUSED']).toContain(code)
    expect(this.answered).toBeGreaterThan(0)
  }

  async close(): Promise<void> {
    this.#over = true
    await Promise.all([this.publisher, this.worker, this.guard].map((queue) => queue.close({ timeout: 0 })))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #publish(place: number): Promise<void> {
    for (let i = place; !this.#over; i++) {
      const began = ++this.#tick
      const ids = Array.from({ length: 1 + (i % 3) }, (_, k) => `job-${(i * 7 + k * 13) % IDS}`)
      try {
        // Singly and in bulk: two ways to the same script.
        const verdicts =
          i % 2 === 0
            ? await this.publisher.publishMany(ids)
            : await Promise.all(ids.map((id) => this.publisher.publish(id)))
        for (const verdict of verdicts) this.#count(verdict, began)
      } catch (error) {
        if (this.#over && (error as ConvoyError).code === 'CLOSED') return
        this.refused.push(error as ConvoyError)
      }
    }
  }

  #count({ id, guaranteed, repeated }: Verdict, began: Tick): void {
    this.answered++
    if (repeated) this.repeated++
    if (guaranteed) this.#promised.set(id, Math.max(began, this.#promised.get(id) ?? 0))
    for (const look of this.#lookers) look()
    this.#lookers.clear()
  }
}
