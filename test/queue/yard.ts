import { createQueue, type Job, type Queue, UnrecoverableError } from '../../src/index.js'
import { KEYS, type Part } from '../../src/redis/keys.js'
import type { Jammed } from '../../src/step.js'
import { until } from '../support/until.js'
import type { RedisKit, World } from './kit.js'

const HOUR = 3_600_000
const PATIENCE = { timeout: 60_000 }
const KEEP_FAILED = 300

export interface Body {
  readonly n: number
  readonly text: string
}

export type Trucks = Queue<Body, number>

/** How often what was met. */
export class Tally {
  readonly of = new Map<string, number>()

  add(what: string, by = 1): void {
    this.of.set(what, (this.of.get(what) ?? 0) + by)
  }
}

const OPTIONS = {
  publishTimeout: 60_000,
  attempts: 2,
  backoff: 100,
  keepResult: 1_000,
  keepLog: 2_000,
  keepFailed: KEEP_FAILED,
  maxLength: 1_000_000,
  limit: { active: 5_000, rate: { max: 1_000_000, per: 1_000 } },
  dedupe: { remember: 120_000, rememberFrom: 'publish' },
} as const

const SIZE_OF = { list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN', stream: 'XLEN', string: 'STRLEN' } as const

/** One queue on a server of its own time, at which IDs come by the thousand, and go. */
export class Yard {
  /** Keys of the layout that were never there when somebody looked. */
  readonly unseen: Set<Part> = new Set(Object.keys(KEYS) as Part[])
  readonly tally: Tally = new Tally()
  readonly #kit: RedisKit
  readonly #world: World
  readonly #store: ReturnType<World['store']>
  #dead = 0

  constructor(kit: RedisKit, world: World) {
    this.#kit = kit
    this.#world = world
    this.#store = world.store()
  }

  /** As one more process would open it, by all of its features. */
  open(options: object = {}): Trucks {
    const { name, prefix, open: store } = this.#world
    return createQueue<Body, number>(name, { store, prefix, ...OPTIONS, ...options })
  }

  /** No lease of a worker lapses, however fast the server's time passes; what becomes of an ID says its last digit. */
  work(queue: Trucks): void {
    queue.process((job) => this.#run(queue, job), { concurrency: 500, lease: HOUR })
  }

  async #run(queue: Trucks, job: Job<Body>): Promise<number> {
    const { id, attempt, jams, payload } = job
    const first = attempt === 1 && jams === 0 && payload.n >= 0
    const again = async (dedupe: object, more: object = {}): Promise<void> => {
      const { outcome, was } = await queue.publish(id, { payload: { n: -1, text: 'again' }, dedupe, ...more })
      this.tally.add(`${outcome} ${was}`)
    }
    switch (Number(id.at(-1))) {
      case 0:
        await Promise.all([job.progress(1, 2, { at: 'the door' }), job.log(`began ${id}`)])
        break
      case 1:
        if (attempt === 1) throw new Error('once more')
        break
      case 2:
        throw new UnrecoverableError('never')
      case 3:
        if (first) await again({ processing: 'rerun' }, { priority: 3 })
        break
      case 4:
        if (first) {
          await again({ processing: 'supersede' }, { delay: 50 })
          throw new Error('superseded')
        }
        break
      case 5:
        if (first) await queue.withdraw(id)
        if (first && payload.n % 20 === 5) await again({ processing: 'discard' })
        break
      case 6:
        job.keep(payload.n % 20 === 6 ? 0 : 5_000)
    }
    return payload.n
  }

  /** A worker that claims so many and is never heard of again; and another: some fail of it. */
  async jam(claim: number): Promise<void> {
    for (let time = 0; time < 2; time++) {
      const request = {
        worker: `dead${++this.#dead}`,
        number: 1,
        lane: 0 as const,
        lease: 30_000,
        claim,
        slots: claim - 5,
      }
      const nothing = { settle: [], renew: [], started: [], leaving: false, keepFailed: KEEP_FAILED }
      await this.#store.step({ ...request, ...nothing }, PATIENCE)
      await this.look()
      for (let half = 0; half <= 2; half++) {
        for (const { now } of await this.#sweep()) this.tally.add(`jammed, now ${now}`)
        await this.#world.serverPasses(15_000)
      }
    }
  }

  async #sweep(): Promise<readonly Jammed[]> {
    const error = JSON.stringify({ code: 'JAMMED', message: 'jammed', attempt: 1 })
    const request = {
      limit: 1_000,
      maxJams: 1,
      keepFailed: KEEP_FAILED,
      lease: 30_000,
      jitter: 0.5,
      error,
      guard: null,
    }
    return (await this.#store.sweep(request, PATIENCE)).jammed
  }

  /** Time passes until nothing is committed, and `meanwhile` has ended. */
  async drain(queue: Trucks, meanwhile: Promise<unknown> = Promise.resolve()): Promise<void> {
    let over = false
    const end = meanwhile.finally(() => {
      over = true
    })
    do {
      await this.#world.serverPasses(20)
      await this.#sweep()
      await this.look()
    } while ((await queue.stats()).committed > 0 || !over)
    await end
  }

  /** Notes which keys there are. */
  async look(): Promise<void> {
    const look = async (part: Part): Promise<void> => {
      if ((await this.#kit.read<number>(this.#world, 'EXISTS', part)) === 1) this.unseen.delete(part)
    }
    await Promise.all(Array.from(this.unseen, look))
  }

  /** Each key that does not go by itself, and how much it holds. */
  async keys(): Promise<Record<string, number>> {
    const { prefix, name } = this.#world
    const keys = await this.#kit.server().cli<string[]>('KEYS', `${prefix}:{${name}}:*`)
    const parts = keys.map((key) => key.slice(key.lastIndexOf(':') + 1) as Part).toSorted()
    const size = async (part: Part): Promise<[string, number] | undefined> => {
      const ask = (command: string): Promise<number> => this.#kit.read<number>(this.#world, command, part)
      return (await ask('PTTL')) < 0 ? [part, await ask(SIZE_OF[KEYS[part]] ?? 'TYPE')] : undefined
    }
    return Object.fromEntries((await Promise.all(parts.map(size))).filter((one) => one !== undefined))
  }

  /** Hours later, when what was kept for a time is over and nobody is connected any more. */
  async rest(): Promise<{ readonly keys: Record<string, number>; readonly bytes: number }> {
    const over = async (): Promise<boolean> => {
      await this.#world.serverPasses(HOUR)
      for (let i = 0; i < 50; i++) await this.#sweep()
      const { remembered = 0, kept = 0, steps = 0 } = await this.keys()
      return remembered + kept + steps === 0
    }
    // What stays for good is for the caller to say.
    await until('what was kept for a time is over', over).catch(() => undefined)
    await this.#kit.server().cli('SLOWLOG', 'RESET')
    return { keys: await this.keys(), bytes: await this.bytes() }
  }

  async bytes(): Promise<number> {
    return Number(/^used_memory:(\d+)/m.exec(await this.#kit.server().cli('INFO', 'memory'))?.[1])
  }
}
