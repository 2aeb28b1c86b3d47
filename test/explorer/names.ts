import { hash } from 'node:crypto'
import type { Op, QueueState } from '../../src/memory/model.js'
import type { StepReply } from '../../src/store.js'
import type { Flight, Stray, Worker, World } from './world.js'

// Two worlds that go on alike have one name, so that there are finitely many. Left out: what only counts (each call's
// counting is checked when it is made). Made relative: clocks to now, step numbers to the last. Renamed: tokens, in the
// order in which they come up; workers, which are all alike.

export function nameOf(world: World): string {
  return hash('md5', renamed(describe(world)), 'base64')
}

/** One for all calls that a server cannot tell apart: no need to try each on Redis. */
export function nameOfCall(state: QueueState, op: Op, now: number): string {
  const worker = op.verb === 'step' ? op.request.worker : ''
  const number = op.verb === 'step' ? op.request.number : 0
  const others = new Set([...state.steps.keys()].map((field) => field.split(':')[0] as string))
  const all = [...new Set([worker, ...others])]
  const of = (name: string): string => String(all.indexOf(name))
  const records = all.map((name) => recordsOf(state, name, name === worker ? number : latest(state, name), now))
  return hash('md5', renamed([describeServer(state, now, of), ...records, describeOp(op, number)].join('\n')), 'base64')
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
  const told = workers.map(
    (worker) => `${describeWorker(worker)} ${recordsOf(server, worker.name, worker.number, now)}`,
  )
  // Alike as they are, the order of two workers means nothing.
  const order = workers.map((_, place) => place).sort((a, b) => compare(blank(told[a]), blank(told[b])))
  const names = order.map((place) => (workers[place] as Worker).name)
  const of = (name: string): string => String(names.indexOf(name))
  const lines = [
    describeServer(server, now, of),
    ...order.map((place) => told[place] as string),
    ...strays.map((stray) => describeStray(stray, world, of)).sort(),
    `unsure ${unsure} upset ${upset} left ${Object.values(left).join(',')}`,
    `promised ${[...promises].sort().join(' ')}`,
  ]
  if (past !== null) {
    const known = [...names, ...dead(world, names)]
    const records = known.flatMap((name) => {
      return [past.now, now].map((clock) => recordsOf(past.server, name, numberOf(world, name), clock))
    })
    // Whether its clock goes back too shows only then, so that both are told.
    const clocks = [past.now, now].map((clock) => describeServer(past.server, clock, of))
    lines.push(`past ${now - past.now > 1_000}`, ...records, ...clocks, [...past.promises].sort().join(' '))
  }
  return lines.join('\n')
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
    `${pairs(state.tries)};${[...state.withdrawn].sort()};${[...state.owed].sort()};${[...state.ghosts].sort()}`,
    `${state.wake} ${guard.holder} ${until(guard.until)} ${until(guard.grace)}`,
    ms < guard.at || ms > guard.at + half ? 'late' : ms - guard.at,
  ].join('|')
}

/** What the server knows of a worker's last two steps, numbers counted back from `from`. */
function recordsOf(state: QueueState, worker: string, from: number, now: number): string {
  const ms = Math.floor(now / 1_000)
  const out = [0, 1].flatMap((parity) => {
    const record = state.steps.get(`${worker}:${parity}`)
    if (record === undefined) return []
    const { number, token, leaseEnd, settled } = record
    return [`${further(from - number)} ${token} ${token === '' ? '' : Math.max(0, leaseEnd - ms)} ${settled}`]
  })
  return `records ${out.sort().join(',')}`
}

function describeWorker(worker: Worker): string {
  const before = workersSaid.get(worker)
  if (before !== undefined) return before
  const { number, flights, held } = worker
  const claims = [...held].map(([id, { token, phase }]) => `${id} ${token} ${phase}`)
  const text = `holds ${claims.join(',')} ${flights.map((flight) => describeFlight(flight, number)).join(';')}`
  workersSaid.set(worker, text)
  return text
}

function describeFlight({ request, first, reply }: Flight, from: number): string {
  return `${describeOp({ verb: 'step', request }, from)} ${describeReply(first)} ${reply === first ? '=' : describeReply(reply)}`
}

function describeOp(op: Op, from: number): string {
  if (op.verb !== 'step') return `${op.verb} ${JSON.stringify(op.request)}`
  const { worker: _, number, settle, renew, started, claim, slots, leaving } = op.request
  return `#${further(from - number)} ${JSON.stringify([settle, renew, started])} ${claim} ${slots} ${leaving}`
}

function describeReply(reply: StepReply | null): string {
  return reply === null ? 'none' : `${reply.settled} ${reply.renewed} ${reply.token} ${reply.ids}`
}

function describeStray({ op, first }: Stray, world: World, of: (worker: string) => string): string {
  if (op.verb !== 'step') return describeOp(op, 0)
  const { worker, number } = op.request
  const from = numberOf(world, worker)
  // A dead worker's records matter to none but its own strays.
  const records = of(worker) === '-1' ? recordsOf(world.server, worker, number, world.now) : ''
  const against = [world.server, world.past?.server].map((server) => {
    return Math.sign((server?.steps.get(`${worker}:${number % 2}`)?.number ?? 0) - number)
  })
  return `stray ${of(worker)} ${describeOp(op, from)} ${against} ${describeReply(first)} ${records}`
}

/** Further back than what is in flight, only odd and even are told apart. */
const further = (back: number): number => (back > 3 ? 2 + (back % 2) : back)

function dead({ strays }: World, living: readonly string[]): string[] {
  const names = strays.flatMap(({ op }) => (op.verb === 'step' ? [op.request.worker] : []))
  return [...new Set(names)].filter((name) => !living.includes(name))
}

/** The number its steps are counted back from: a living worker's last, a dead one's youngest stray. */
function numberOf({ workers, strays }: World, name: string): number {
  const living = workers.find((worker) => worker.name === name)
  if (living !== undefined) return living.number
  return Math.max(
    0,
    ...strays.map(({ op }) => (op.verb === 'step' && op.request.worker === name ? op.request.number : 0)),
  )
}

function latest(state: QueueState, name: string): number {
  return Math.max(...[0, 1].map((parity) => state.steps.get(`${name}:${parity}`)?.number ?? 0))
}

const blank = (text: string | undefined): string => (text ?? '').replace(TOKEN, 't')

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
