import { type Address, bytesFreed, type Control, info } from '../server.js'
import { openStore, patience, policy, Stepper } from '../store.js'
import { idOf } from '../system.js'
import { rawLua } from '../systems/raw.js'

type Store = Awaited<ReturnType<typeof openStore>>
type Batch = Awaited<ReturnType<Stepper['step']>>

export const verbs = ['publish', 'duplicate publish', 'withdraw', 'claim', 'settle', 'sweep', 'stats'] as const
export type Verb = (typeof verbs)[number]

export interface Cost {
  /** µs of Redis per ID. */
  readonly cost: number
  /** The longest script, ms. */
  readonly slowest: number
}
/** `raw publish`: nothing but what Redis's own set and list cost, for the same IDs in the same keys. A yardstick, not ours. */
export type Costs = Readonly<Record<Verb | 'raw publish', Cost>>

const batch = 1_000
/** What `sweep()` and the jam guard ask for. */
const swept = 250
/** IDs of each measured verb, the same at every size. */
const sample = 5_000
/** Claims that live beside the lapsed ones the sweep has to find. */
const living = 100_000

/**
 * A queue of one size. What waits is always so many IDs, by number, the oldest being `first`; each measurement puts back
 * what it took, so that the next one meets the same queue.
 */
export class SizedQueue {
  #first = 0
  #next = 0
  #worker = 0
  readonly processing: number

  readonly store: Store
  readonly control: Control
  readonly size: number

  private constructor(store: Store, control: Control, size: number) {
    this.store = store
    this.control = control
    this.size = size
    this.processing = Math.min(living, size / 2)
  }

  static async open(address: Address, control: Control, size: number): Promise<SizedQueue> {
    const queue = new SizedQueue(await openStore(address, `growth-${size}`), control, size)
    await queue.#grow(size)
    await queue.#letTablesSettle()
    return queue
  }

  close(): Promise<void> {
    return this.store.close()
  }

  /** Bytes per waiting ID; the queue is empty after that. */
  async bytes(): Promise<number> {
    const keys: string[] = []
    for await (const some of this.control.scanIterator({ MATCH: `*{growth-${this.size}}*`, COUNT: 1_000 }))
      keys.push(...some)
    return (await bytesFreed(this.control, () => this.control.del(keys))) / this.size
  }

  /** `rawFirst` in every other round: whoever comes second meets memory that the first has just left. */
  async measure(rawFirst: boolean): Promise<Costs> {
    const early = rawFirst ? await this.#rawPublish() : undefined
    const publish = await this.#watch(sample, () => this.#grow(sample))
    const spread = Array.from({ length: sample }, (_, at) => idOf(this.#first + Math.floor((at * this.size) / sample)))
    const duplicate = await this.#watch(sample, () => this.#publish(spread))
    const withdraw = await this.#watch(sample, () => inBatches(spread, (ids) => this.store.withdraw({ ids }, patience)))
    await this.#publish(spread)
    const held: Batch[] = []
    const stepper = this.#stepper()
    const claim = await this.#watch(sample, async () => void held.push(...(await claimBatches(stepper, sample))))
    const settle = await this.#watch(sample, () => settleBatches(stepper, held))
    this.#first += sample
    const raw = early ?? (await this.#rawPublish())
    const sweep = await this.#sweep()
    const stats = await this.#watch(batch, async () => {
      for (let call = 0; call < batch; call++) await this.store.counts(patience)
    })
    return { 'raw publish': raw, publish, 'duplicate publish': duplicate, withdraw, claim, settle, sweep, stats }
  }

  /** As many leave at the other end. That the totals know nothing of these touches no verb that is measured. */
  async #rawPublish(): Promise<Cost> {
    const sha = await this.control.scriptLoad(rawLua.publish)
    const keys = ['committed', 'queued'].map((part) => `convoy:{growth-${this.size}}:${part}`)
    const ids = Array.from({ length: sample }, (_, at) => idOf(this.#next + at))
    const cost = await this.#watch(sample, () =>
      inBatches(ids, (some) => this.control.evalSha(sha, { keys, arguments: [...some] })),
    )
    this.#next += sample
    const stepper = this.#stepper()
    await settleBatches(stepper, await claimBatches(stepper, sample))
    this.#first += sample
    return cost
  }

  /** Recover lapsed claims while many others live. */
  async #sweep(): Promise<Cost> {
    const others = this.#stepper()
    const alive = await claimBatches(others, this.processing)
    const dead = this.#stepper()
    await claimBatches(dead, sample, 1)
    let recovered = 0
    const sweep = await this.#watch(sample, async () => {
      while (recovered < sample) {
        const reply = await this.store.sweep(
          { limit: swept, maxJams: 3, keepFailed: 0, lease: 1, jitter: 0, error: '', guard: null },
          patience,
        )
        recovered += reply.jammed.length
      }
    })
    // A jam is remembered by its ID, and a second one is delayed: what has jammed leaves, and new ones take its place.
    await settleBatches(others, await claimBatches(others, sample))
    for (const { token, ids } of alive.reverse()) await others.step(0, [{ end: 'release', token, ids }])
    // They were not the first in line but the first after those alive, who are back now: the range has a hole, so close it.
    const hole = Array.from({ length: sample }, (_, at) => idOf(this.#first + this.processing + at))
    await this.#publish(hole)
    return sweep
  }

  /**
   * A table that passes a power of two moves over as it is used, and every call pays for two tables meanwhile: 1 µs more
   * per ID. Whether a size falls into such a time is chance, so the move is finished by calls that change nothing.
   */
  async #letTablesSettle(): Promise<void> {
    const command = ['DEBUG', 'HTSTATS-KEY', `convoy:{growth-${this.size}}:committed`]
    const moving = async () => String(await this.control.sendCommand(command)).includes('rehashing target')
    const known = Array.from({ length: batch }, (_, at) => idOf(this.#first + at))
    while (await moving()) for (let call = 0; call < 100; call++) await this.#publish(known)
  }

  async #grow(count: number): Promise<void> {
    const end = this.#next + count
    const lane = async () => {
      while (this.#next < end) {
        const from = this.#next
        this.#next = Math.min(end, from + batch)
        const ids = Array.from({ length: this.#next - from }, (_, at) => idOf(from + at))
        await this.store.publish({ ids, policy }, patience)
      }
    }
    await Promise.all([lane(), lane()])
  }

  #publish(ids: readonly string[]): Promise<void> {
    return inBatches(ids, (some) => this.store.publish({ ids: some, policy }, patience))
  }

  #stepper(): Stepper {
    return new Stepper(this.store, `growth${this.#worker++}`)
  }

  /** µs of Redis per unit, and the slowest script in ms. */
  async #watch(units: number, work: () => Promise<unknown>): Promise<Cost> {
    await this.control.configResetStat()
    await this.control.sendCommand(['SLOWLOG', 'RESET'])
    await work()
    const stats = await info(this.control, 'commandstats')
    const spent = Object.entries(stats).filter(([name]) => name.startsWith('cmdstat_evalsha'))
    const slow = (await this.control.sendCommand(['SLOWLOG', 'GET', '-1'])) as unknown as [
      number,
      number,
      number,
      string[],
    ][]
    const scripts = slow.filter(([, , , words]) => words[0]?.toUpperCase().startsWith('EVALSHA'))
    return {
      cost: spent.reduce((sum, [, text]) => sum + Number(text.match(/usec=(\d+)/)?.[1] ?? 0), 0) / units,
      slowest: Math.max(0, ...scripts.map(([, , micros]) => micros)) / 1_000,
    }
  }
}

async function settleBatches(stepper: Stepper, held: readonly Batch[]): Promise<void> {
  for (const { token, ids } of held) await stepper.step(0, [{ end: 'done', token, ids }])
}

async function inBatches(ids: readonly string[], call: (ids: readonly string[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < ids.length; from += batch) await call(ids.slice(from, from + batch))
}

/** Claims exactly so many. A call that met only stale entries gives none, and the next one goes on. */
async function claimBatches(stepper: Stepper, count: number, lease?: number): Promise<Batch[]> {
  const batches: Batch[] = []
  let missing = count
  while (missing > 0) {
    const reply = await stepper.step(Math.min(batch, missing), [], lease)
    missing -= reply.ids.length
    if (reply.ids.length > 0) batches.push(reply)
    else if (!reply.more) throw new Error(`the line ended ${missing} IDs too early`)
  }
  return batches
}
