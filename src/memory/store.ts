import { checkBy, type Rules } from '../check.js'
import { ConvoyError } from '../errors.js'
import type { OpenStore, Place, Store } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import { apply, emptyState, type QueueState, type Reply, type Request, type Verb } from './model.js'

export interface MemoryStoreOptions {
  /**
   * ms since 1970; by default the wall clock, kept from running backwards. A clock with timers, such as `steppedClock()`,
   * wakes the workers that wait as well.
   */
  readonly clock?: (() => number) | Clock
}

const OPTIONS: Rules = { clock: { kind: 'other', fallback: undefined, about: '' } }

/**
 * A store inside this process: nothing survives it and no other process sees it. All queues opened through one
 * `memoryStore()` live in one world of their own; two opens of the same prefix and name share a queue.
 */
export function memoryStore(options: MemoryStoreOptions = {}): OpenStore {
  const { clock = wallClock() } = checkBy<MemoryStoreOptions>(OPTIONS, 'memoryStore', options)
  const time: Clock = typeof clock === 'function' ? { ...systemClock, now: clock } : clock
  const world = new Map<string, Room>()
  return (place) => {
    // No prefix or name holds a brace.
    const where = `${place.prefix}:{${place.name}}`
    const room = world.get(where) ?? { state: emptyState(), waiters: new Set(), listeners: new Set() }
    world.set(where, room)
    return open(room, time, place)
  }
}

/** The one store of the process: `memory:`. */
export const sharedMemoryStore: OpenStore = memoryStore()

/** A queue and who waits for it to have work, in the order they came. */
interface Room {
  readonly state: QueueState
  readonly waiters: Set<() => void>
  readonly listeners: Set<Hear>
}

type Hear = (message: string) => void

function wallClock(): () => number {
  let last = 0
  return () => {
    last = Math.max(last, Date.now())
    return last
  }
}

function open(room: Room, clock: Clock, { name, durability = 'memory' }: Place): Store {
  if (durability !== 'memory') {
    const why = 'createQueue: durability: nothing survives the process of a memory store: give a Redis, or ask for none'
    throw new ConvoyError('NOT_DURABLE', why)
  }
  const mine = new Set<() => void>()
  let closed = false

  // Everything happens inside the call: a verb is atomic because nothing else can run meanwhile.
  async function run<V extends Verb>(verb: V, request: Request<V>): Promise<Reply<V>> {
    if (closed) throw new ConvoyError('CLOSED', `queue ${name}: the store was closed before ${verb}`)
    const reply = apply(room.state, { verb, request }, Math.floor(clock.now() * 1000))
    handToken(room)
    deliver(room)
    return reply
  }

  async function listen(hear: Hear, signal: AbortSignal): Promise<void> {
    if (closed) throw new ConvoyError('CLOSED', `queue ${name}: the store was closed before listen`)
    if (signal.aborted) return
    // One of its own, though the same function listens twice.
    const one: Hear = (message) => hear(message)
    const end = (): void => {
      signal.removeEventListener('abort', end)
      mine.delete(end)
      room.listeners.delete(one)
      room.state.listening = room.listeners.size > 0
    }
    signal.addEventListener('abort', end, { once: true })
    mine.add(end)
    room.listeners.add(one)
    room.state.listening = true
  }

  function awaitWork(timeout: number, signal: AbortSignal): Promise<undefined> {
    if (closed) return Promise.reject(new ConvoyError('CLOSED', `queue ${name}: the store was closed before awaitWork`))
    if (signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const end = (): void => {
        clock.clearTimer(timer)
        signal.removeEventListener('abort', end)
        room.waiters.delete(end)
        mine.delete(end)
        resolve(undefined)
      }
      const timer = clock.setTimer(end, timeout)
      signal.addEventListener('abort', end, { once: true })
      room.waiters.add(end)
      mine.add(end)
      handToken(room)
    })
  }

  return {
    publish: (request) => run('publish', request),
    step: (request) => run('step', request),
    sweep: (request) => run('sweep', request),
    withdraw: async (request) => ({ states: await run('withdraw', request), repeated: false }),
    move: async (request) => ({ states: await run('move', request), repeated: false }),
    report: (request) => run('report', request),
    recall: (ids) => run('recall', ids),
    inspect: (ids) => run('inspect', ids),
    list: (request) => run('list', request),
    counts: () => run('counts', null),
    control: (order) => run('control', order),
    audit: (request) => run('audit', request),
    mend: (request) => run('mend', request),
    awaitWork,
    listen,
    close: async () => {
      closed = true
      for (const end of [...mine]) end()
    },
  }
}

/** One token wakes one waiter: the one that has waited longest. */
function handToken({ state, waiters }: Room): void {
  const [next] = waiters
  if (state.wake === 0 || next === undefined) return
  state.wake = 0
  next()
}

/** After the verb, never inside it: whoever listens can break nothing, and may call any verb. */
function deliver({ state, listeners }: Room): void {
  if (state.outbox.length === 0) return
  const messages = state.outbox.splice(0)
  for (const hear of [...listeners]) {
    queueMicrotask(() => {
      for (const message of messages) if (listeners.has(hear)) hear(message)
    })
  }
}
