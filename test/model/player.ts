import type { Op, Reply } from '../../src/memory/model.js'
import type { Held, Settlement, StepReply, StepRequest, SweepReply } from '../../src/step.js'
import type { PublishRequest } from '../../src/store.js'
import { IDS, type Move, type Pick, WORKERS } from './moves.js'

/** One ID, claimed once. */
interface Claimed {
  readonly id: string
  readonly token: string
}

interface Worker {
  readonly name: string
  number: number
  mine: Claimed[]
  /** Its last steps, sent or not, the youngest first. */
  sent: StepRequest[]
}

/** Knows what the workers were told, and so turns moves into calls a real worker could make (or, late or lost, repeat). */
export class Player {
  /** µs, as a server would tell. */
  now = 1_700_000_000_000_000
  readonly #workers: Worker[] = Array.from({ length: WORKERS }, (_, place) => newWorker(`w${place}`))
  readonly #ever: Claimed[] = []
  #generation = 0
  #asked = 0

  /** The call this move is, or null: it makes none. */
  play(move: Move, taken: number): Op | null {
    this.now += move.kind === 'sweep' && move.patient ? this.#asked * 1_000 : move.wait
    switch (move.kind) {
      case 'publish':
        return { verb: 'publish', request: this.#publish(move) }
      case 'step':
        return { verb: 'step', request: this.#step(move) }
      case 'again': {
        const { sent } = this.#workers[move.worker] as Worker
        const request = sent[move.back]
        return request === undefined ? null : { verb: 'step', request }
      }
      case 'sweep': {
        const { limit, maxJams, keepFailed, lease, jitter, ordered } = move
        const guard = move.guard === 0 ? null : { id: `guard${move.guard}`, every: 700 * move.guard + 1 }
        return {
          verb: 'sweep',
          request: {
            ...{ limit, maxJams, keepFailed, lease, jitter, error: '{"code":"JAMMED"}', guard },
            ...(ordered ? { ordered } : {}),
          },
        }
      }
      case 'withdraw':
        return { verb: 'withdraw', request: { ids: move.ids, from: move.from } }
      case 'move':
        return { verb: 'move', request: { ids: move.ids, from: move.from } }
      case 'report': {
        const claimed = this.#find(this.#workers[0] as Worker, move.pick)
        if (claimed === undefined) return null
        const { progress, log } = move
        const told = { ...(progress === undefined ? {} : { progress }), ...(log === undefined ? {} : { log }) }
        return { verb: 'report', request: { ...claimed, ...told } }
      }
      case 'recall':
        return { verb: 'recall', request: [...IDS, 'never'] }
      case 'inspect':
        return { verb: 'inspect', request: [...IDS, 'never'] }
      case 'list':
        return { verb: 'list', request: { state: move.state, cursor: move.cursor, limit: move.limit } }
      case 'counts':
        return { verb: 'counts', request: null }
      case 'open':
        return {
          verb: 'control',
          request: { order: 'open', digest: move.digest, ...(move.role ? { role: move.role } : {}) },
        }
      case 'control':
        return { verb: 'control', request: move.order }
      case 'audit':
        return { verb: 'audit', request: { ...move.request, from: taken + move.request.from } }
      case 'mend': {
        const mends = move.mends.map((mend) => ({
          ...mend,
          ...('place' in mend ? { place: taken + mend.place } : {}),
          ...('twin' in mend && mend.twin !== null ? { twin: taken + mend.twin } : {}),
        }))
        const nothing = { lease: 1_000, error: '{}', epoch: 0, marks: false, layout: false, guard: true, journal: true }
        return { verb: 'mend', request: { mends, balance: move.balance, ...nothing } }
      }
      case 'take':
      case 'stray':
      case 'listening':
        return null
    }
  }

  /** What the answer tells the player. */
  hear(op: Op, reply: Reply): void {
    if (op.verb === 'sweep') this.#asked = (reply as SweepReply).wait
    if (op.verb !== 'step') return
    const { token, ids } = reply as StepReply
    const worker = this.#workers.find(({ name }) => name === op.request.worker)
    for (const id of ids) {
      if (this.#ever.some((claim) => claim.id === id && claim.token === token)) continue
      this.#ever.push({ id, token })
      worker?.mine.push({ id, token })
    }
  }

  #publish({ ids, policy, brought }: Move & { kind: 'publish' }): PublishRequest {
    if (brought === undefined) return { ids, policy }
    const ms = Math.floor(this.now / 1_000)
    const traits = brought.map(({ runIn, ...rest }) => (runIn === undefined ? rest : { ...rest, runAt: ms + runIn }))
    return { ids, policy, traits }
  }

  #step(move: Move & { kind: 'step' }): StepRequest {
    const worker = this.#workers[move.worker] as Worker
    if (move.skip) this.#request(worker, { ...move, picks: [], leaving: false })
    const request = this.#request(worker, move)
    // A worker that left comes back under another name; what it left behind may still be repeated.
    if (move.leaving) {
      this.#workers[move.worker] = { ...newWorker(`w${move.worker}n${++this.#generation}`), sent: worker.sent }
    }
    return request
  }

  #request(worker: Worker, move: Move & { kind: 'step' }): StepRequest {
    const { lane, claim, slots, lease, keepFailed, policy, leaving } = move
    const settle: Settlement[] = []
    const renew: Held[] = []
    const started: Held[] = []
    const settled = new Set<string>()
    for (const pick of move.picks) {
      const { use } = pick
      const claimed = this.#find(worker, pick)
      if (claimed === undefined) continue
      const held = { token: claimed.token, ids: [claimed.id] }
      if (use === 'renew') join(renew, held)
      else if (use === 'start') join(started, held)
      // The contract: no ID twice among the settlements.
      else if (!settled.has(claimed.id)) {
        settled.add(claimed.id)
        worker.mine = worker.mine.filter((mine) => mine !== claimed)
        join(settle, settlement(held, use, pick))
      }
    }
    const number = ++worker.number
    const held = { settle, renew, started }
    const limits = policy === undefined ? {} : { policy }
    const request = { worker: worker.name, number, lane, lease, keepFailed, ...held, claim, slots, ...limits, leaving }
    worker.sent = [request, ...worker.sent].slice(0, 3)
    return request
  }

  #find(worker: Worker, { of, back }: Pick): Claimed | undefined {
    const from = of === 'mine' ? worker.mine : this.#ever
    if (from.length === 0) return undefined
    const claimed = from[from.length - 1 - (back % from.length)] as Claimed
    return of === 'forged' ? { id: claimed.id, token: `~${claimed.token}` } : claimed
  }
}

function newWorker(name: string): Worker {
  return { name, number: 0, mine: [], sent: [] }
}

function settlement(held: Held, use: 'done' | 'release' | 'fail' | 'retry', { back, delay, ttl }: Pick): Settlement {
  const errors = [`{"of":"${back}"}`]
  switch (use) {
    case 'done':
      return ttl === 0 ? { ...held, end: use } : { ...held, end: use, results: [{ text: `result ${back}`, ttl }] }
    case 'release':
      return { ...held, end: use }
    case 'fail':
      return { ...held, end: use, errors }
    case 'retry':
      return { ...held, end: use, errors, delays: [delay] }
  }
}

/** Adds to the last group where it is of the same token and kind: groups of several, as a worker sends them. */
function join<Group extends Held & { end?: string }>(groups: Group[], next: Group): void {
  const last = groups.at(-1)
  const alike = Object.keys(last ?? {}).join() === Object.keys(next).join()
  if (last === undefined || !alike || last.token !== next.token || last.end !== next.end) {
    groups.push(next)
    return
  }
  // All that is not the group's own is a list, one for each ID.
  const lists = Object.entries(next).filter(([, value]) => Array.isArray(value))
  const joined = lists.map(([name, value]) => [name, [...(last as never)[name], ...(value as unknown[])]])
  groups[groups.length - 1] = { ...last, ...Object.fromEntries(joined) }
}
