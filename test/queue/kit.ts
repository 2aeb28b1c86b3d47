import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { type AnyQueue, createQueue, memoryStore, type Queue, type QueueOptions } from '../../src/index.js'
import { keyOf, type Part } from '../../src/redis/keys.js'
import type { Jammed } from '../../src/step.js'
import type { OpenStore, Store } from '../../src/store.js'
import { rawClient } from '../support/raw-command.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { makeUsers, storeByRole } from '../support/users.js'
import { checkLaws } from './laws.js'
import { ManualClock } from './manual-clock.js'
import { Spy } from './spy.js'
import { Stage } from './stage.js'

const NAME = 'trucks'
const PATIENCE = { timeout: 10_000 }

/** A store with its own time, for one test: nothing in it happens by itself. */
export class World {
  readonly kind: 'memory' | 'redis'
  readonly name: string = NAME
  readonly prefix: string
  /** Watches every store opened here. */
  readonly spy: Spy = new Spy()
  /** The timers of processes; given to a queue as `clock`. By default a queue has the real ones. */
  readonly clock: ManualClock = new ManualClock()
  readonly #open: OpenStore
  readonly #tell: (now: number) => Promise<unknown>
  readonly #queues: AnyQueue[] = []
  readonly #stores: Store[] = []
  readonly #stages: Stage[] = []
  /** Of guards and of the dead: over whose wires they come is no matter, and wires take long to make. */
  #common: Store | undefined
  #now: number
  #dead = 0

  constructor(
    kind: World['kind'],
    prefix: string,
    open: OpenStore,
    now: number,
    tell: (now: number) => Promise<unknown>,
  ) {
    this.kind = kind
    this.prefix = prefix
    this.#open = open
    this.#now = now
    this.#tell = tell
  }

  /** The store as it is opened here, unwatched. */
  get open(): OpenStore {
    return this.#open
  }

  /** The server's time, ms. */
  get now(): number {
    return this.#now
  }

  /** As one more process would open it. */
  queue(options: QueueOptions = {}): Queue {
    return this.queueFor(options)
  }

  /** The same of one whose jobs carry something. */
  queueFor<Payload = void, Result = unknown>(options: QueueOptions<Payload, Result> = {}): Queue<Payload, Result> {
    const queue = createQueue(NAME, { store: this.spy.over(this.#open), prefix: this.prefix, ...options })
    this.#queues.push(queue)
    return queue
  }

  /** Another one beside it. */
  queueOf(name: string, prefix: string): Queue {
    const queue = createQueue(name, { store: this.#open, prefix })
    this.#queues.push(queue)
    return queue
  }

  /** A handler whose runs the test ends. */
  stage(): Stage {
    const stage = new Stage()
    this.#stages.push(stage)
    return stage
  }

  /** The store itself, past the library's queue. */
  store(): Store {
    const store = this.#open({ name: NAME, prefix: this.prefix, tell: () => {} })
    this.#stores.push(store)
    return store
  }

  /** Lets the server's time pass alone: what a process does not hear of. */
  async serverPasses(ms: number): Promise<void> {
    this.#now += ms
    await this.#tell(this.#now)
  }

  /** Lets time pass everywhere: the server's, then the processes'. */
  async pass(ms: number): Promise<void> {
    await this.serverPasses(ms)
    this.clock.pass(ms)
  }

  /** A worker claims the head of the line and is never heard of again. */
  async die(death: { claim?: number; started?: number; lease?: number } = {}): Promise<readonly string[]> {
    const { claim = 1, started = claim, lease = 30_000 } = death
    const worker = `dead${++this.#dead}`
    const nothing = { settle: [], renew: [], started: [], leaving: false, keepFailed: 10 }
    this.#common ??= this.store()
    return (await this.#common.step({ worker, number: 1, lane: 0, lease, claim, slots: started, ...nothing }, PATIENCE))
      .ids
  }

  /** Lets a lease's time pass on the server while a guard sweeps often enough, and tells what that recovered. */
  async lapse({
    lease = 30_000,
    maxJams = 3,
    keepFailed = 10,
    jitter = 0,
    limit = 100,
  } = {}): Promise<readonly Jammed[]> {
    this.#common ??= this.store()
    const store = this.#common
    const error = JSON.stringify({ code: 'JAMMED', message: 'jammed', attempt: 1 })
    const request = { limit, maxJams, keepFailed, lease, jitter, error, guard: null }
    const jammed = [...(await store.sweep(request, PATIENCE)).jammed]
    for (let half = 1; half <= 2; half++) {
      await this.serverPasses(lease / 2)
      jammed.push(...(await store.sweep(request, PATIENCE)).jammed)
    }
    return jammed
  }

  async end(): Promise<void> {
    for (const stage of this.#stages) stage.open()
    await Promise.all(this.#queues.map((queue) => queue.close()))
    await Promise.all(this.#stores.map((store) => store.close()))
  }
}

export interface Kit {
  readonly kind: World['kind']
  /** A new world, taken down when the test has finished. */
  world(): Promise<World>
}

/** The real server behind a kit, for what only it can tell. */
export interface RedisKit extends Kit {
  readonly server: () => RedisServer
  key(world: World, part: Part): string
  read<T>(world: World, command: string, part: Part, ...args: string[]): Promise<T>
}

const randomPrefix = (): string => `convoy:t${randomBytes(6).toString('hex')}`
const START = 1_700_000_000_000

async function begin(world: World): Promise<World> {
  onTestFinished(() => world.end())
  await world.serverPasses(0)
  return world
}

/** Says the same of the memory store and of a real Redis: what a test needs to know of the difference is `kit.kind`. */
export function onBothStores(suite: (kit: Kit) => void): void {
  describe('in memory', () => suite(memoryKit))
  onRedis('on Redis', suite)
}

const memoryKit: Kit = {
  kind: 'memory',
  world: () => {
    let now = START
    const open = memoryStore({ clock: () => now })
    const tell = async (to: number): Promise<void> => {
      now = to
    }
    return begin(new World('memory', randomPrefix(), open, START, tell))
  },
}

/** One server for all that is said in `suite`, and a prefix for each test. */
export function onRedis(title: string, suite: (kit: RedisKit) => void): void {
  describe(title, () => {
    let server: RedisServer
    let raw: ReturnType<typeof rawClient>
    beforeAll(async () => {
      server = await startRedis()
      await makeUsers(server)
      raw = rawClient(server)
      await raw.connect()
    })
    afterAll(async () => {
      raw.destroy()
      await server.stop()
    })
    const key = (world: World, part: Part): string => keyOf(world.prefix, world.name, part)
    suite({
      kind: 'redis',
      server: () => server,
      world: () => {
        const prefix = randomPrefix()
        // One key for all: tests of a file take turns, and the scripts, which name it, are loaded once.
        const testClockKey = 'convoy:clock'
        const tell = (to: number): Promise<unknown> => raw.sendCommand(['SET', testClockKey, `${to * 1_000}`])
        const world = new World('redis', prefix, storeByRole(server.url, testClockKey), START, tell)
        // Finished last, since it was said first: what every test leaves behind keeps the laws, whatever it was about.
        onTestFinished(({ task }) =>
          task.result?.state === 'fail'
            ? undefined
            : checkLaws((command, part, ...args) => raw.sendCommand([command, key(world, part), ...args])),
        )
        return begin(world)
      },
      key,
      read: <T>(world: World, command: string, part: Part, ...args: string[]) =>
        raw.sendCommand([command, key(world, part), ...args]) as unknown as Promise<T>,
    })
  })
}
