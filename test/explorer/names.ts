import { hash } from 'node:crypto'
import type { Op, QueueState } from '../../src/memory/model.js'
import { owedText } from '../../src/memory/owed.js'
import type { StepReply } from '../../src/step.js'
import type { Flight, Promises, Stray, Worker, World } from './world.js'

// Two worlds that go on alike have one name, so that there are finitely many. Left out: what only counts (each call's
// counting is checked when it is made). Made relative: clocks to now, step numbers to what
// the server knows. Renamed: tokens, in the order in which they come up; workers, which are all alike.

export function nameOf(world: World): string {
  return hash('md5', renamed(describe(world)), 'base64')
}

/** One for all calls that a server cannot tell apart: no need to try each on Redis. */
export function nameOfCall(state: QueueState, op: Op, now: number): string {
  const worker = op.verb === 'step' ? op.request.worker : ''
  const of = (name: string): string => (name === worker ? 'own' : 'other')
  const told = op.verb === 'step' ? `${against(state, op)} ${recordsOf(state, worker, numberIn(op), now)}` : ''
  return hash('md5', renamed([describeServer(state, now, of), told, describeOp(op)].join('\n')), 'base64')
}

const TOKEN = /\d+:\d+:w\d+:\d+/g

function renamed(text: string): string {
  const names = new Map<string, string>()
  return text.replace(TOKEN, (token) => {
    const name = names.get(token) ?? `t${names.size}`
    names.set(token, name)
    return name
  })
}

function describe(world: World): string {
  const { server, now, workers, unsure, strays, promises, left, past, upset } = world
  const asked = workers.map((worker) => stepsOf(world, worker.name))
  const told = workers.map((worker, place) => {
    return `${describeWorker(worker)} ${recordsOf(server, worker.name, asked[place] as Asked, now)}`
  })
  // Alike as they are, the order of two workers means nothing.
  const order = workers.map((_, place) => place).sort((a, b) => compare(blank(told[a]), blank(told[b])))
  const names = order.map((place) => (workers[place] as Worker).name)
  const of = (name: string): string => String(names.indexOf(name))
  const lines = [
    describeServer(server, now, of),
    ...order.map((place) => told[place] as string),
    ...strays.map((stray) => describeStray(stray, world, of)).sort(),
    `unsure ${JSON.stringify(unsure)} upset ${upset} left ${Object.values(left).join(',')}`,
    `promised ${sayPromises(promises)}`,
  ]
  if (past !== null) {
    // Whether its clock goes back too shows only then, so that both are told.
    for (const clock of [past.now, now]) {
      const records = order.map((place) =>
        recordsOf(past.server, names[order.indexOf(place)] as string, asked[place] as Asked, clock),
      )
      lines.push(describeServer(past.server, clock, of), ...records)
    }
    lines.push(`past ${now - past.now > 1_000}`, sayPromises(past.promises))
  }
  return lines.join('\n')
}

function sayPromises(promises: Promises): string {
  return Array.from(promises, ([id, { serving, version }]) => `${id} ${serving} ${version}`)
    .sort()
    .join(';')
}

/** Most moves leave the server as it is, or all workers but one: what was said of them once holds. */
const serversSaid = new WeakMap<QueueState, Map<number, string>>()
const workersSaid = new WeakMap<Worker, string>()

function describeServer(state: QueueState, now: number, of: (worker: string) => string): string {
  const ms = Math.floor(now / 1_000)
  const { alarm } = state
  const said = serversSaid.get(state) ?? new Map<number, string>()
  const text = said.get(ms) ?? describePlaces(state, ms)
  serversSaid.set(state, said.set(ms, text))
  return alarm === null || alarm.until <= ms ? text : `${text} ${of(alarm.worker)} ${alarm.until - ms}`
}

function describePlaces(state: QueueState, ms: number): string {
  const { guard } = state
  const until = (instant: number): number => Math.max(0, instant - ms)
  const pairs = (map: ReadonlyMap<string, unknown>): string => [...map].sort().join(' ')
  const half = 500
  return [
    state.queued.slice().join(),
    state.processing.slice().map((id) => `${id} ${until(state.processing.score(id) as number)} ${state.lease.get(id)}`),
    state.delayed.slice().map((id) => `${id} ${until(state.delayed.score(id) as number)}`),
    [...state.committed].sort(),
    `${pairs(state.failed)};${state.failedAt.slice()};${pairs(state.failures)};${[...state.errors.keys()].sort()}`,
    `${pairs(state.tries)};${[...state.withdrawn].sort()};${[...state.ghosts].sort()}`,
    describeBaggage(state, ms),
    `${state.wake} ${guard.holder} ${until(guard.until)} ${until(guard.grace)}`,
    ms < guard.at || ms > guard.at + half ? 'late' : ms - guard.at,
  ].join('|')
}

/** Of what is prioritized the order alone counts. */
function describeBaggage(state: QueueState, ms: number): string {
  const { owed, payload, priority, prioritized, since, remembered, control, results, progress } = state
  const until = (instant: number): number => Math.max(0, instant - ms)
  return [
    Array.from(
      owed,
      ([id, run]) => `${id} ${owedText({ ...run, due: run.due === null ? null : until(run.due) })}`,
    ).sort(),
    [payload, priority, results, progress].map((map) => [...map].sort().join(' ')),
    prioritized.slice(),
    Array.from(since, ([id, at]) => `${id} ${ms - at}`).sort(),
    remembered.slice().map((id) => `${id} ${until(remembered.score(id) as number)}`),
    `${control.paused} ${until(control.hold)} ${control.hold > ms ? control.holder : ''}`,
  ].join(';')
}

/** Whether a worker may still ask, or be heard asking, for a step's answer. */
type Asked = (number: number) => boolean

function stepsOf({ workers, strays }: World, name: string): Asked {
  const flights = workers.flatMap((worker) => (worker.name === name ? worker.flights : []))
  return (number) => flights.some(({ request }) => request.number === number) || strays.some(isStep(name, number))
}

const isStep =
  (name: string, number: number) =>
  ({ op }: Stray): boolean =>
    op.verb === 'step' && op.request.worker === name && op.request.number === number

const numberIn =
  (op: Op): Asked =>
  (number) =>
    op.verb === 'step' && op.request.number === number

/** The server's answers that a worker may still ask for; of the others nobody will hear. */
function recordsOf(state: QueueState, worker: string, asked: Asked, now: number): string {
  const ms = Math.floor(now / 1_000)
  const out = [0, 1, 2].map((lane) => {
    const record = state.steps.get(`${worker}:${lane}`)
    if (record === undefined || !asked(record.number)) return ''
    const { token, leaseEnd, settled } = record
    return `${token} ${token === '' ? '' : Math.max(0, leaseEnd - ms)} ${settled}`
  })
  return `records ${out.join(',')}`
}

/** Is the last step the server knows in this lane an older one, this one, or a younger one? */
function against(state: QueueState, { request }: Op<'step'>): number {
  return Math.sign((state.steps.get(`${request.worker}:${request.lane}`)?.number ?? 0) - request.number)
}

function describeWorker(worker: Worker): string {
  const before = workersSaid.get(worker)
  if (before !== undefined) return before
  const { flights, held } = worker
  const claims = [...held].map(([id, { token, phase }]) => `${id} ${token} ${phase}`)
  const text = `holds ${claims.join(',')} ${flights.map(describeFlight).join(';')}`
  workersSaid.set(worker, text)
  return text
}

function describeFlight({ request, first, reply }: Flight): string {
  return `${describeOp({ verb: 'step', request })} ${describeReply(first)} ${reply === first ? '=' : describeReply(reply)}`
}

function describeOp(op: Op): string {
  if (op.verb !== 'step') return `${op.verb} ${JSON.stringify(op.request)}`
  const { lane, settle, renew, started, claim, slots, leaving, policy } = op.request
  return `${lane} ${JSON.stringify([settle, renew, started, policy])} ${claim} ${slots} ${leaving}`
}

function describeReply(reply: StepReply | null): string {
  return reply === null ? 'none' : `${reply.settled} ${reply.renewed} ${reply.token} ${reply.ids}`
}

function describeStray({ op, first }: Stray, world: World, of: (worker: string) => string): string {
  if (op.verb !== 'step') return describeOp(op)
  const { worker, number, lane } = op.request
  const living = world.workers.find(({ name }) => name === worker)
  const flight = living?.flights.find(({ request }) => request.lane === lane)
  const order = flight === undefined ? 1 : Math.sign(flight.request.number - number)
  // A dead worker's records matter to none but its own strays.
  const records = living === undefined ? recordsOf(world.server, worker, numberIn(op), world.now) : ''
  const known = [world.server, world.past?.server].map((server) => server && against(server, op))
  return `stray ${of(worker)} ${describeOp(op)} ${order} ${known} ${describeReply(first)} ${records}`
}

const blank = (text: string | undefined): string => (text ?? '').replace(TOKEN, 't')

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
