import type { Op } from '../../src/memory/model.js'
import type { Settlement, StepReply, SweepReply } from '../../src/step.js'
import type { PublishReply, PublishRequest } from '../../src/store.js'
import type { Told } from '../model/laws.js'
import { lapsesUnder, nextInstant, sweepIsDue } from './clock.js'
import { requestOf } from './kinds.js'
import { checkAgain } from './laws.js'
import { type Call, serve } from './server.js'
import * as workers from './worker.js'
import {
  BACKOFF,
  type Budget,
  type Flight,
  LEASE,
  newWorker,
  type Scope,
  type Stray,
  spend,
  type Worker,
  type World,
} from './world.js'

/** Something that can happen next. `says` puts into words what came of it. */
export interface Move {
  readonly label: string
  /** Nothing that a quiet day brings: not to be counted on when a world shall come to rest. */
  readonly fault: boolean
  play(): { readonly world: World; readonly says: string }
}

type Heard = (call: Call) => void

/** Everything that can happen next, in an order of its own: so a number tells which. */
export function movesOf(world: World, scope: Scope, heard: Heard = () => {}): Move[] {
  const out: Move[] = []
  const { left } = world
  const quiet = (label: string, play: () => World, fault = false): void => {
    out.push({ label, fault, play: () => ({ world: play(), says: '' }) })
  }
  const call = (label: string, op: Op, then: (after: World, call: Call) => World, fault = false): void => {
    const play = (): ReturnType<Move['play']> => {
      const { world: after, call: ran } = serve(world, op, heard)
      return { world: then(after, ran), says: sayTold(ran.told) }
    }
    out.push({ label, fault, play })
  }
  /** Costs one of a budget, where there is one left. */
  const paid = (what: keyof Budget, from: World): World | null =>
    from.left[what] > 0 ? { ...from, left: spend(from.left, what) } : null

  publisherMoves(world, scope, call)
  world.workers.forEach((worker, place) => {
    const becomes = (from: World, next: Worker): World => withWorker(from, place, next)
    if (!workers.isFull(worker)) {
      const go = (label: string, wish: workers.Wish, cost?: keyof Budget): void => {
        const from = cost === undefined ? world : paid(cost, world)
        if (from === null) return
        quiet(`${worker.name} ${label}`, () => becomes(from, workers.send(worker, scope, wish)), cost !== undefined)
      }
      if (workers.wanted(worker, scope) > 0) go('asks for more', { claim: true })
      for (const [id, { token, phase }] of worker.held) {
        if (phase === 'ahead') continue
        const group = { token, ids: [id] }
        const settle = (one: Settlement): workers.Wish => ({ settle: one, claim: true })
        go(`is done with ${id}`, settle({ end: 'done', ...group }))
        go(`fails ${id}`, settle({ end: 'fail', ...group, errors: [`{"of":"${id}"}`] }), 'fails')
        const again = { errors: [`{"of":"${id}"}`], delays: [BACKOFF] }
        go(`fails ${id} for now`, settle({ end: 'retry', ...group, ...again }), 'retries')
        go(`releases ${id}`, settle({ end: 'release', ...group }), 'releases')
      }
      if (worker.held.size > 0) go('renews', { renew: true }, 'renews')
      if ([...worker.held.values()].some(({ phase }) => phase === 'begun')) go('tells what began', {})
    }
    for (const flight of worker.flights) flightMoves(world, place, flight, call, quiet)
    const dead = paid('crashes', world)
    if (dead !== null) quiet(`${worker.name} crashes`, () => crash(dead, place), true)
    const leaving = paid('leaves', world)
    if (leaving !== null && worker.number > 0 && worker.flights.length === 0 && worker.held.size === 0) {
      const sent = workers.send(worker, scope, {}).flights[0] as Flight
      const request = { ...sent.request, leaving: true }
      call(`${worker.name} leaves`, { verb: 'step', request }, (after) => replace(pay(after, 'leaves'), place), true)
    }
  })
  world.strays.forEach((stray, place) => {
    const strays = world.strays.filter((_, other) => other !== place)
    call(`a stray ${stray.op.verb} arrives${numberOf(stray.op)}`, stray.op, (after, one) => {
      checkAgain(one, stray.first)
      return { ...after, strays }
    })
  })
  operatorMoves(world, scope, call, quiet)
  sweepMoves(world, scope, call)
  if (left.rollbacks > 0) rollbackMoves(world, quiet)
  const next = nextInstant(world, scope)
  if (next !== null) {
    const early = lapsesUnder(world, next)
    const from = early ? paid('lapses', world) : world
    if (from !== null) {
      const label = early ? 'a lease ends under a living worker' : 'time passes'
      quiet(label, () => ({ ...from, now: next * 1_000, upset: from.upset || early }), early)
    }
  }
  return out
}

type Quiet = (label: string, play: () => World, fault?: boolean) => void
type CallMove = (label: string, op: Op, then: (after: World, call: Call) => World, fault?: boolean) => void

const pay = (world: World, what: keyof Budget): World => ({ ...world, left: spend(world.left, what) })

function publisherMoves(world: World, { ids, kinds, budget }: Scope, call: CallMove): void {
  const { left, unsure } = world
  const publish = (request: PublishRequest, word: string, again: boolean): void => {
    const op: Op<'publish'> = { verb: 'publish', request }
    const paidFor = (after: World): World => (again ? after : pay(after, 'publishes'))
    const what = `publish ${request.ids}${again ? ' again' : word && ` ${word}`}`
    call(what, op, (after) => ({ ...paidFor(after), unsure: null }), !again)
    if (left.losses > 0) {
      call(`${what}; the answer is lost`, op, (after) => ({ ...pay(paidFor(after), 'losses'), unsure: request }), true)
    }
    if (left.copies > 0) {
      const stray = { op, first: null }
      call(
        `${what}; a copy lags behind`,
        op,
        (after) => ({ ...pay(paidFor(after), 'copies'), unsure: null, strays: [...after.strays, stray] }),
        true,
      )
    }
  }
  if (unsure !== null) publish(unsure, '', true)
  if (unsure !== null || left.publishes === 0) return
  const nth = budget.publishes - left.publishes + 1
  for (const id of ids) for (const kind of kinds) publish(requestOf(kind, id, nth), kind.word, false)
}

function flightMoves(world: World, place: number, flight: Flight, call: CallMove, quiet: Quiet): void {
  const worker = world.workers[place] as Worker
  const { request, first, reply } = flight
  const step = `step ${worker.name}#${request.number}`
  const become = (from: World, next: Flight): World =>
    withWorker(from, place, {
      ...worker,
      flights: worker.flights.map((one) => (one === flight ? next : one)),
    })
  if (reply === null) {
    const op: Op<'step'> = { verb: 'step', request }
    const ran = (after: World, one: Call): { world: World; reply: StepReply } => {
      checkAgain(one, first)
      const { told } = one
      // It is in order that a step is refused only where the server went back and knows a younger copy.
      if ('thrown' in told) throw new Error(`${step} was refused: ${told.thrown}`)
      const answer = told.reply as StepReply
      return { world: become(after, { request, first: first ?? answer, reply: answer }), reply: answer }
    }
    call(`${step} runs`, op, (after, one) => ran(after, one).world)
    if (world.left.copies > 0) {
      const lag = (after: World, one: Call): World => {
        const { world: next, reply: answer } = ran(after, one)
        return pay({ ...next, strays: [...next.strays, { op, first: first ?? answer }] }, 'copies')
      }
      call(`${step} runs; a copy lags behind`, op, lag, true)
    }
    return
  }
  quiet(`${step} is answered`, () => withWorker(world, place, workers.read(worker, flight)))
  if (world.left.losses > 0) {
    quiet(`the answer to ${step} is lost`, () => become(pay(world, 'losses'), { request, first, reply: null }), true)
  }
}

function operatorMoves(world: World, { ids }: Scope, call: CallMove, quiet: Quiet): void {
  const { left, server } = world
  if (left.withdraws > 0) {
    for (const id of ids) {
      const op: Op<'withdraw'> = { verb: 'withdraw', request: { ids: [id] } }
      call(`withdraw ${id}`, op, (after) => pay(after, 'withdraws'), true)
      if (left.copies === 0) continue
      const stray: Stray = { op, first: null }
      const lag = (after: World): World => pay({ ...after, strays: [...after.strays, stray] }, 'copies')
      call(`withdraw ${id}; a copy lags behind`, op, (after) => pay(lag(after), 'withdraws'), true)
    }
  }
  if (left.clears > 0) {
    call('clear', { verb: 'control', request: { order: 'clear' } }, (after) => pay(after, 'clears'), true)
  }
  if (left.takes > 0 && server.wake === 1) {
    const taken = (): World => ({ ...pay(world, 'takes'), server: { ...server, wake: 0 } })
    quiet('somebody takes the wake token and is gone', taken, true)
  }
}

function sweepMoves(world: World, scope: Scope, call: CallMove): void {
  if (scope.sweeps === 'when due' && !sweepIsDue(world)) return
  const { maxJams, keepFailed, policy } = scope
  const request = {
    limit: 10,
    maxJams,
    keepFailed,
    lease: LEASE,
    jitter: 0,
    error: '{"code":"JAMMED"}',
    guard: null,
    ...(policy?.ordered ? { ordered: true } : {}),
  }
  const names = Array.from({ length: scope.guards }, (_, place) => `g${place + 1}`)
  for (const id of names.length === 0 ? [null] : names) {
    const guard = id === null ? null : { id, every: 400 }
    call(`${id ?? 'a hand'} sweeps`, { verb: 'sweep', request: { ...request, guard } }, (after) => after)
  }
}

/** Any state may turn out to have been the last one that was kept. The clock goes back with it, or it does not. */
function rollbackMoves(world: World, quiet: Quiet): void {
  const { past, server, now, promises } = world
  if (past === null) {
    quiet('this state will come back', () => ({ ...world, past: { server, now, promises } }), true)
    return
  }
  const back = (clock: number): World => ({
    ...pay(world, 'rollbacks'),
    server: past.server,
    now: clock,
    // L3 holds from the rollback on, and for what nobody had claimed yet.
    promises: new Map([...past.promises].filter(([, { serving }]) => serving === '')),
    past: null,
    upset: true,
  })
  quiet('the server goes back', () => back(now), true)
  // Never to the very microsecond: a command that runs anew does not meet the instant of its first run.
  if (now - past.now > 1_000) quiet('the server and its clock go back', () => back(past.now + 500), true)
}

function withWorker(world: World, place: number, next: Worker): World {
  const was = world.workers[place] as Worker
  return start({ ...world, workers: world.workers.map((one, other) => (other === place ? next : one)) }, was, next)
}

/** Handlers that start keep what was promised. */
function start(world: World, was: Worker, next: Worker): World {
  const started = workers.startedSince(was, next).filter(([id, { token }]) => world.promises.get(id)?.serving === token)
  if (started.length === 0) return world
  const promises = new Map(world.promises)
  for (const [id] of started) promises.delete(id)
  return { ...world, promises }
}

/** Its process is gone. What it had sent may still arrive; another comes in its place. */
function crash(world: World, place: number): World {
  const { flights } = world.workers[place] as Worker
  const left = flights.filter(({ reply }) => reply === null)
  const strays = left.map(({ request, first }): Stray => ({ op: { verb: 'step', request }, first }))
  return replace({ ...world, strays: [...world.strays, ...strays] }, place)
}

function replace(world: World, place: number): World {
  const next = newWorker(world.born + 1)
  return { ...world, born: world.born + 1, workers: world.workers.map((one, other) => (other === place ? next : one)) }
}

function numberOf(op: Op): string {
  return op.verb === 'step' ? `: ${op.request.worker}#${op.request.number}` : ''
}

function sayTold(told: Told): string {
  if ('thrown' in told) return told.thrown
  const { verdicts } = told.reply as PublishReply
  if (verdicts !== undefined) return verdicts
  const { jammed } = told.reply as SweepReply
  if (jammed !== undefined) return `jammed: ${jammed.map(({ id, now }) => `${id} → ${now}`).join(', ') || 'none'}`
  const { ids, token, settled, renewed } = told.reply as StepReply
  if (ids === undefined) return JSON.stringify(told.reply)
  return `claimed [${ids}]${token === '' ? '' : ` under ${token}`}${settled && `, settled ${settled}`}${renewed && `, renewed ${renewed}`}`
}
