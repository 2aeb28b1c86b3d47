import { randomBytes } from 'node:crypto'
import type { AuditReply, AuditRequest, Mend, MendReply } from '../../src/audit-verbs.js'
import type { Counts } from '../../src/figures.js'
import type { DedupePolicy, Traits } from '../../src/policy.js'
import type { Held, Settlement, StepReply, StepRequest, SweepReply, SweepRequest } from '../../src/step.js'
import type {
  Control,
  ControlReply,
  Inspection,
  ListedState,
  OpenStore,
  Page,
  PublishReply,
  Recollection,
  Report,
  State,
  Store,
} from '../../src/store.js'

/** A kind of store, and its clock in the test's hand. */
export interface StoreUnderTest {
  readonly openStore: OpenStore
  readonly clock: {
    /** ms since 1970, for every queue opened so far. */
    set(ms: number): Promise<void>
  }
  close(): Promise<void>
}

/** Sentence → what shows it, on a queue of its own. */
export type Laws = Readonly<Record<string, (queue: Scene) => Promise<void>>>

export const LEASE = 1_000
export const PATIENCE = { timeout: 10_000 }

/** A call of `mend` that mends nothing. */
export const NO_MEND = {
  lease: LEASE,
  error: '{}',
  epoch: 0,
  balance: false,
  marks: false,
  layout: false,
  guard: false,
  journal: false,
}

/** One queue, its clock, and its verbs with everything filled in that a law does not speak of. */
export class Scene {
  /** ms since 1970. */
  now = 1_700_000_000_000
  readonly store: Store
  readonly #under: StoreUnderTest
  readonly #opened: Store[] = []
  readonly #prefix = `convoy:t${randomBytes(6).toString('hex')}`
  readonly #numbers = new Map<string, number>()

  constructor(under: StoreUnderTest) {
    this.#under = under
    this.store = this.open('q')
  }

  /** The same queue once more, or another; under the same prefix or another. */
  open(name = 'q', prefix: string = this.#prefix): Store {
    const store = this.#under.openStore({ name, prefix, tell: () => {} })
    this.#opened.push(store)
    return store
  }

  async pass(ms: number): Promise<void> {
    this.now += ms
    await this.#under.clock.set(this.now)
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((store) => store.close()))
  }

  async publish(...ids: string[]): Promise<string> {
    return (await this.store.publish({ ids, policy: { processing: 'discard' } }, PATIENCE)).verdicts
  }

  /** One ID, with what it brings. */
  put(id: string, traits: Traits = {}, policy: Partial<DedupePolicy> = {}): Promise<PublishReply> {
    const request = { ids: [id], policy: { processing: 'discard', ...policy } as const, traits: [traits] }
    return this.store.publish(request, PATIENCE)
  }

  /** A worker's next step, or the one whose number is given. */
  step(request: Partial<StepRequest>): Promise<StepReply> {
    return this.store.step(this.next(request), PATIENCE)
  }

  next(request: Partial<StepRequest>): StepRequest {
    const { worker = 'w1', claim = 0 } = request
    const number = request.number ?? (this.#numbers.get(worker) ?? 0) + 1
    this.#numbers.set(worker, number)
    const rest = { lease: LEASE, keepFailed: 10_000, settle: [], renew: [], started: [], slots: claim, leaving: false }
    return { ...rest, lane: number % 2 === 0 ? 0 : 1, ...request, worker, number, claim }
  }

  claim(count: number, request: Partial<StepRequest> = {}): Promise<StepReply> {
    return this.step({ ...request, claim: count })
  }

  /** Marks, spelled out: one per ID. */
  async settle(...settle: Settlement[]): Promise<string> {
    const { settled } = await this.step({ settle })
    return settled || '1'.repeat(count(settle))
  }

  async renew(...renew: Held[]): Promise<string> {
    const { renewed } = await this.step({ renew })
    return renewed || '1'.repeat(count(renew))
  }

  sweep(request: Partial<SweepRequest> = {}): Promise<SweepReply> {
    const rest = { limit: 1_000, maxJams: 3, keepFailed: 10_000, lease: LEASE, jitter: 0, error: '{}', guard: null }
    return this.store.sweep({ ...rest, ...request }, PATIENCE)
  }

  /** Lets every lease lapse, and sweeps: as often as a guard that is late is told to. */
  async lapse(request: Partial<SweepRequest> = {}): Promise<SweepReply> {
    await this.pass(LEASE)
    for (;;) {
      const reply = await this.sweep(request)
      if (reply.wait === 0) return reply
      await this.pass(reply.wait)
    }
  }

  /** Puts an ID into `delayed` for twice the lease given: by its second jam. */
  async delay(id: string, lease: number = LEASE): Promise<void> {
    await this.publish(id)
    for (const _ of [1, 2]) {
      await this.claim(1)
      await this.lapse({ lease })
    }
  }

  /** Publishes, claims and fails it. */
  async fail(id: string, error = '{}', keepFailed = 10_000): Promise<void> {
    await this.publish(id)
    const { token } = await this.claim(1)
    await this.step({ settle: [{ end: 'fail', token, ids: [id], errors: [error] }], keepFailed })
  }

  async withdraw(...ids: string[]): Promise<readonly State[]> {
    return (await this.store.withdraw({ ids }, PATIENCE)).states
  }

  async withdrawFrom(from: ListedState, ...ids: string[]): Promise<readonly State[]> {
    return (await this.store.withdraw({ ids, from }, PATIENCE)).states
  }

  async inspect(id: string): Promise<Inspection> {
    const [one] = await this.store.inspect([id], PATIENCE)
    return one as Inspection
  }

  async stateOf(...ids: string[]): Promise<State[]> {
    return (await this.store.inspect(ids, PATIENCE)).map(({ state }) => state)
  }

  counts(): Promise<Counts> {
    return this.store.counts(PATIENCE)
  }

  list(state: ListedState, cursor = 0, limit = 1_000): Promise<Page> {
    return this.store.list({ state, cursor, limit }, PATIENCE)
  }

  audit(request: Partial<AuditRequest> = {}): Promise<AuditReply> {
    const rest = { part: null, cursor: '', from: Number.MIN_SAFE_INTEGER, returned: -1, limit: 1_000 }
    return this.store.audit({ ...rest, ...request }, PATIENCE)
  }

  mend(...mends: Mend[]): Promise<MendReply> {
    return this.store.mend({ ...NO_MEND, mends }, PATIENCE)
  }

  async move(from: 'failed' | 'delayed', ...ids: string[]): Promise<readonly State[]> {
    return (await this.store.move({ ids, from }, PATIENCE)).states
  }

  report(request: Report): Promise<boolean> {
    return this.store.report(request, PATIENCE)
  }

  async recall(id: string): Promise<Recollection> {
    const [one] = await this.store.recall([id], PATIENCE)
    return one as Recollection
  }

  control(order: Control): Promise<ControlReply> {
    return this.store.control(order, PATIENCE)
  }

  /** Whether there is a wake token. */
  async token(): Promise<boolean> {
    return (await this.audit()).wake > 0
  }

  clear(): Promise<number> {
    return this.store.control({ order: 'clear' }, PATIENCE).then(({ count: taken }) => taken)
  }

  /** Everything a caller can see of these IDs and of the queue: equal before and after what changes nothing. */
  async everything(...ids: string[]): Promise<unknown> {
    const states = ['queued', 'delayed', 'processing', 'failed'] as const
    return [
      await this.store.inspect(ids, PATIENCE),
      { ...(await this.counts()), now: 0 },
      ...(await Promise.all(states.map((state) => this.list(state)))),
    ]
  }

  /** Takes the wake token; never resolves (the test's limit ends it) when there is none. */
  async woken(signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.store.awaitWork(60_000, signal)
  }
}

function count(held: readonly Held[]): number {
  return held.reduce((sum, { ids }) => sum + ids.length, 0)
}

export const done = (token: string, ...ids: string[]): Settlement => ({ end: 'done', token, ids })
export const release = (token: string, ...ids: string[]): Settlement => ({ end: 'release', token, ids })
export const fail = (token: string, ...ids: string[]): Settlement => {
  return { end: 'fail', token, ids, errors: ids.map((id) => `{"of":${JSON.stringify(id)}}`) }
}
/** Comes back after `delay` ms. */
export const retry = (token: string, delay: number, ...ids: string[]): Settlement => {
  return {
    end: 'retry',
    token,
    ids,
    errors: ids.map((id) => `{"of":${JSON.stringify(id)}}`),
    delays: ids.map(() => delay),
  }
}
