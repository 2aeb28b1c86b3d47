import type { MendReply } from '../../src/audit-verbs.js'
import type { Totals } from '../../src/figures.js'
import { apply, emptyState, type Op, type QueueState, type Reply } from '../../src/memory/model.js'
import { readMessage } from '../../src/messages.js'
import type { Jammed, StepReply, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { withdrawnBy } from './withdrawn.js'

/** Watches one queue from its first call on, and throws where a law is broken: on its whole state, after every call. */
export class Watch {
  readonly #tokens = new Set<string>()
  /** IDs of which a publish was told `guaranteed`, and no run began since (L3). */
  readonly #promised = new Set<string>()
  #epoch = 0
  #reruns = 0
  #moved = 0
  #totals: Totals = emptyState().totals

  /** `now`: µs, as the call had it; it matters where a line is held. */
  check(state: QueueState, op: Op, reply: Reply, now = 0): void {
    checkState(state)
    if (op.verb === 'step') checkClaims(state, op, reply as StepReply, this.#tokens)
    this.#hear(op, reply)
    const { totals } = state
    equal('published', totals.published, totals.entered - this.#moved + totals.duplicates + this.#reruns)
    for (const id of this.#promised) {
      if (!state.committed.has(id)) fail(`L3: ${id} was promised a run and is gone`)
      if (state.processing.has(id) && !state.owed.has(id))
        fail(`L3: ${id} runs since before it was promised, and is not owed`)
    }
    checkToken(state, op, reply, Math.floor(now / 1000))
    checkMessage(state, this.#totals)
    this.#totals = { ...totals }
  }

  #hear(op: Op, reply: Reply): void {
    switch (op.verb) {
      case 'publish': {
        const { verdicts } = reply as PublishReply
        equal('verdicts', verdicts.length, op.request.ids.length)
        this.#reruns += verdicts.split('r').length - 1
        op.request.ids.forEach((id, place) => {
          if (VERDICTS[verdicts[place] as string]?.guaranteed) this.#promised.add(id)
        })
        return
      }
      case 'step': {
        const { token, ids } = reply as StepReply
        equal('ids once', new Set(ids).size, ids.length)
        // The same number again may want less, and is told what it has.
        if (token === '' || this.#tokens.has(token)) return
        hold(ids.length <= op.request.claim, 'more claimed than asked for')
        this.#tokens.add(token)
        const epoch = Number(token.split(':')[0])
        hold(epoch > this.#epoch, `L2: epoch ${epoch} after ${this.#epoch}`)
        this.#epoch = epoch
        for (const id of ids) this.#promised.delete(id)
        return
      }
      case 'sweep': {
        const { jammed } = reply as SweepReply
        for (const { id, now } of jammed as readonly Jammed[]) if (now === 'failed') this.#promised.delete(id)
        return
      }
      case 'withdraw':
        for (const id of withdrawnBy(op.request, reply as State[])) this.#promised.delete(id)
        return
      case 'control':
        if (op.request.order === 'clear') this.#promised.clear()
        return
      case 'move':
        if (op.request.from === 'failed') this.#moved += (reply as State[]).filter((was) => was === 'failed').length
        return
      case 'report':
      case 'recall':
      case 'inspect':
      case 'list':
      case 'counts':
      case 'audit':
        return
      case 'mend': {
        // All of a game keeps the laws, so there is nothing to mend but the wake token that somebody took.
        const { mended, whole } = reply as MendReply
        hold(!mended.includes('1') && !whole.slice(0, 5).includes('1'), `mended where all is well: ${mended} ${whole}`)
        return
      }
    }
  }
}

/** What holds of every state, whatever led to it. */
export function checkState(state: QueueState): void {
  checkPlaces(state)
  checkNames(state)
}

/** Where something was put in line, and may be claimed, somebody is woken. */
function checkToken(state: QueueState, op: Op, reply: Reply, ms: number): void {
  const { control, queued, prioritized } = state
  const line = queued.size + prioritized.size
  const told =
    (op.verb === 'publish' && /[qf]/.test((reply as PublishReply).verdicts)) ||
    (op.verb === 'move' && (reply as State[]).includes(op.request.from)) ||
    (op.verb === 'step' && (reply as StepReply).more) ||
    (op.verb === 'sweep' && (reply as SweepReply).held)
  const blocked = control.paused || control.hold > ms
  hold(!told || line === 0 || blocked || state.wake === 1, 'there is a line and nobody is woken')
  if (op.verb !== 'step' || op.request.policy !== undefined) return
  equal('more', (reply as StepReply).more, line > 0 && !blocked)
}

/** Whoever listens hears of all that was counted, once. */
function checkMessage({ listening, outbox, totals, events, control }: QueueState, before: Totals): void {
  const [text] = outbox
  const { position, told } = text === undefined ? { position: totals.position, told: [] } : readMessage(text)
  equal('messages of one call', outbox.length > 1, false)
  equal('the position of a message', position, totals.position)
  if (control.journal > 0 && text !== undefined) equal('the journal ends', events.at(events.size - 1)?.text, text)
  if (!listening) return
  for (const kind of ['done', 'retried', 'failed', 'jammed'] as const) {
    const ids = told.filter((one) => one.kind === kind).flatMap((one) => one.ids)
    equal(`told as ${kind}`, ids.length, totals[kind] - before[kind])
  }
  const entered = told.flatMap(({ kind, ids }) => (kind === 'queued' || kind === 'revived' ? ids : []))
  hold(entered.length >= totals.entered - before.entered, 'one entered, and nobody was told')
}

/** What was claimed came before all that waits still, and no more of it than the limits allow. */
function checkClaims(state: QueueState, op: Op<'step'>, reply: StepReply, tokens: ReadonlySet<string>): void {
  const { token, ids, payloads } = reply
  const { active = 0, rate } = op.request.policy ?? {}
  const priorities = ids.map((id) => state.priority.get(id) ?? 0)
  ids.forEach((id, place) => {
    equal(`the payload of ${id}`, payloads?.[place] ?? null, state.payload.get(id) ?? null)
  })
  // The same number again: what has happened since is no matter.
  if (token === '' || tokens.has(token)) return
  const least = Math.min(...priorities)
  for (const id of state.committed) {
    if (state.processing.has(id) || state.delayed.has(id)) continue
    if ((state.priority.get(id) ?? 0) > least) fail(`${id} was passed by`)
  }
  hold(priorities.toSorted((a, b) => b - a).join() === priorities.join(), `not by priority: ${priorities}`)
  if (active > 0) hold(state.processing.size <= active, `${state.processing.size} are active`)
  if (rate !== undefined) hold(state.rate !== null && state.rate.count <= rate.max, 'more than the rate')
}

/** L1: an ID is in exactly one state, and the numbers agree. L2: what is processing has one lease, nothing else has. */
function checkPlaces(state: QueueState): void {
  const { committed, processing, delayed, prioritized, ghosts, failed, failedAt, lease, totals } = state
  const line = state.queued.slice()
  const inLine = new Set(line)
  const elsewhere = (id: string): boolean => processing.has(id) || delayed.has(id) || prioritized.has(id)
  equal('L6: IDs twice in line', line.length - inLine.size, 0)
  for (const id of ghosts) hold(inLine.has(id), `ghost ${id} has no stale entry`)
  for (const id of line) {
    if ((committed.has(id) && !elsewhere(id)) === ghosts.has(id)) fail(`${id} is in line, neither waiting nor a ghost`)
  }
  for (const id of committed) {
    const waits = inLine.has(id) && !ghosts.has(id)
    const places = +waits + +processing.has(id) + +delayed.has(id) + +prioritized.has(id)
    if (places !== 1) equal(`L1: places of ${id}`, places, 1)
    if (failed.has(id)) fail(`L1: ${id} is committed and failed`)
  }
  const queued = line.length - ghosts.size + prioritized.size
  equal('L1: committed', committed.size, queued + processing.size + delayed.size)
  equal('L1: entered - left', totals.entered - totals.left, committed.size)
  if (!same(failedAt, failed)) equal('failedAt', failedAt.slice().sort().join(), [...failed.keys()].sort().join())
  if (!same(processing, lease)) equal('L2: leases', processing.slice().sort().join(), [...lease.keys()].sort().join())
  hold(line.length === 0 || state.marks.size > 0, 'nobody can tell how old the head of the line is')
  for (const id of prioritized.slice()) {
    const score = prioritized.score(id) as number
    equal(`the priority of ${id}`, Math.round(-score / 2 ** 40), state.priority.get(id))
  }
  for (const id of state.remembered.slice()) hold(!committed.has(id) && !failed.has(id), `L1: ${id} is remembered, too`)
  let last = Number.NEGATIVE_INFINITY
  for (const { place } of state.marks.slice()) {
    hold(place > last && place <= totals.taken + line.length, `mark at ${place} after ${last}`)
    last = place
  }
}

/** L5: nothing names an ID that is free, but the places that stand for its being remembered or in line. */
function checkNames(state: QueueState): void {
  const { committed, processing, failed, withdrawn, control } = state
  const within = (what: string, names: Iterable<string>, may: (id: string) => boolean): void => {
    for (const id of names) if (!may(id)) fail(`L5: ${what} names ${id}`)
  }
  within('failures', state.failures.keys(), (id) => committed.has(id))
  within('tries', state.tries.keys(), (id) => committed.has(id))
  within('errors', state.errors.keys(), (id) => committed.has(id) || failed.has(id))
  within('withdrawn', withdrawn, (id) => processing.has(id))
  within('owed', state.owed.keys(), (id) => processing.has(id))
  within('payload', state.payload.keys(), (id) => committed.has(id) || failed.has(id))
  within('priority', state.priority.keys(), (id) => committed.has(id) || failed.has(id))
  within('since', state.since.keys(), (id) => committed.has(id))
  within('progress', state.progress.keys(), (id) => processing.has(id))
  within('results', state.results.keys(), (name) => state.kept.has(name))
  within('the hold', control.holder === '' ? [] : [control.holder], (id) => committed.has(id))
  equal('L5: results', state.results.size, state.kept.size)
  hold(control.journal >= state.events.size, 'L5: more messages than the journal keeps')
  for (const [id, { superseded }] of state.owed) {
    hold(!superseded || !withdrawn.has(id), `${id} is withdrawn and superseded`)
  }
  for (const id of failed.keys()) if (!state.errors.has(id)) fail(`${id} failed without an error`)
}

/** The same IDs, whatever their order. */
function same(one: { readonly size: number; slice(): string[] }, other: ReadonlyMap<string, unknown>): boolean {
  return one.size === other.size && one.slice().every((id) => other.has(id))
}

/** Where a law is asked of every ID after every call, what it says is only made for the one that breaks it. */
function fail(what: string): never {
  throw new Error(what)
}

export function hold(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

export function equal<T>(what: string, is: T, should: T): void {
  if (is !== should) throw new Error(`${what}: ${String(is)}, not ${String(should)}`)
}

/** Plays one call on the model: what was answered, or thrown. */
export type Told = { readonly reply: Reply } | { readonly thrown: string }

export class Model {
  readonly state: QueueState = emptyState()

  call(op: Op, now: number): Told {
    this.state.outbox.length = 0
    try {
      return { reply: apply(this.state, op as never, now) }
    } catch (error) {
      return { thrown: (error as { code: string }).code }
    }
  }
}
