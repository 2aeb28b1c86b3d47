import type { MendReply } from '../../src/audit-verbs.js'
import { apply, emptyState, type Op, type QueueState, type Reply } from '../../src/memory/model.js'
import type { Jammed, PublishReply, StepReply, SweepReply } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'

/** Watches one queue from its first call on, and throws where a law is broken: on its whole state, after every call. */
export class Watch {
  readonly #tokens = new Set<string>()
  /** IDs of which a publish was told `guaranteed`, and no run began since (L3). */
  readonly #promised = new Set<string>()
  #epoch = 0
  #reruns = 0

  check(state: QueueState, op: Op, reply: Reply): void {
    checkState(state)
    this.#hear(op, reply)
    const { totals } = state
    equal('published', totals.published, totals.entered + totals.duplicates + this.#reruns)
    for (const id of this.#promised) {
      hold(state.committed.has(id), `L3: ${id} was promised a run and is gone`)
      hold(
        !state.processing.has(id) || state.owed.has(id),
        `L3: ${id} runs since before it was promised, and is not owed`,
      )
    }
    if (['publish', 'step', 'sweep'].includes(op.verb) && (reply as SweepReply).held !== false) {
      const entered = op.verb !== 'publish' || /[qf]/.test((reply as PublishReply).verdicts)
      hold(!entered || state.queued.size === 0 || state.wake === 1, 'there is a line and nobody is woken')
    }
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
        for (const id of op.request) this.#promised.delete(id)
        return
      case 'control':
        if (op.request.order === 'clear') this.#promised.clear()
        return
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

/** L1: an ID is in exactly one state, and the numbers agree. L2: what is processing has one lease, nothing else has. */
function checkPlaces(state: QueueState): void {
  const { committed, processing, delayed, ghosts, failed, failedAt, lease, totals } = state
  const line = state.queued.slice()
  const inLine = new Set(line)
  equal('L6: IDs twice in line', line.length - inLine.size, 0)
  for (const id of ghosts) hold(inLine.has(id) && !committed.has(id), `ghost ${id} has no stale entry`)
  for (const id of line) hold(committed.has(id) !== ghosts.has(id), `${id} is in line, neither waiting nor a ghost`)
  for (const id of committed) {
    const places = Number(inLine.has(id)) + Number(processing.has(id)) + Number(delayed.has(id))
    equal(`L1: places of ${id}`, places, 1)
    hold(!failed.has(id), `L1: ${id} is committed and failed`)
  }
  const queued = line.length - ghosts.size
  equal('L1: committed', committed.size, queued + processing.size + delayed.size)
  equal('L1: entered - left', totals.entered - totals.left, committed.size)
  equal('failedAt', failedAt.slice().sort().join(), [...failed.keys()].sort().join())
  equal('L2: leases', processing.slice().sort().join(), [...lease.keys()].sort().join())
  hold(line.length === 0 || state.marks.size > 0, 'nobody can tell how old the head of the line is')
  let last = Number.NEGATIVE_INFINITY
  for (const { place } of state.marks.slice()) {
    hold(place > last && place <= totals.taken + line.length, `mark at ${place} after ${last}`)
    last = place
  }
}

/** L5: nothing names an ID that is free, but the places that stand for its being remembered or in line. */
function checkNames(state: QueueState): void {
  const { committed, processing, failed } = state
  const within = (what: string, names: Iterable<string>, may: (id: string) => boolean): void => {
    for (const id of names) hold(may(id), `L5: ${what} names ${id}`)
  }
  within('failures', state.failures.keys(), (id) => committed.has(id))
  within('tries', state.tries.keys(), (id) => committed.has(id))
  within('errors', state.errors.keys(), (id) => committed.has(id) || failed.has(id))
  within('withdrawn', state.withdrawn, (id) => processing.has(id))
  within('owed', state.owed, (id) => processing.has(id))
  for (const id of failed.keys()) hold(state.errors.has(id), `${id} failed without an error`)
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
    try {
      return { reply: apply(this.state, op as never, now) }
    } catch (error) {
      return { thrown: (error as { code: string }).code }
    }
  }
}
