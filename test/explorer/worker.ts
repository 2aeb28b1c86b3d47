import type { Settlement, StepReply, StepRequest } from '../../src/step.js'
import { type Claim, type Flight, LEASE, type Scope, type Worker } from './world.js'

// A worker as the contract in src/store.ts has it and src/worker keeps it: numbered steps in three lanes, two for the work
// and one for the claim that waits for work; one step at a time in each, sent until it is answered. One handler at a
// time, `prefetch` more claimed ahead.

const CONCURRENCY = 1

type Lane = StepRequest['lane']

const WORKING: readonly Lane[] = [0, 1]
const WAITING: Lane = 2

/** Is there no lane for a step? */
export function isFull({ flights }: Worker): boolean {
  return flights.filter(({ request }) => request.lane !== WAITING).length === WORKING.length
}

/** An idle worker's claim rides with its wait; all else goes in a lane that is free. */
function laneOf({ held, flights }: Worker): Lane {
  if (held.size + flights.length === 0) return WAITING
  return WORKING.find((lane) => flights.every(({ request }) => request.lane !== lane)) as Lane
}

function claiming({ flights }: Worker): number {
  return flights.reduce((sum, { request }) => sum + request.claim, 0)
}

/** How many more IDs there is room for. */
export function wanted(worker: Worker, { prefetch }: Scope): number {
  return Math.max(0, CONCURRENCY - worker.held.size + prefetch - claiming(worker))
}

export interface Wish {
  readonly settle?: Settlement
  readonly renew?: boolean
  readonly claim?: boolean
}

/** The next step goes out. What has begun since is told along with it. */
export function send(worker: Worker, scope: Scope, { settle, renew = false, claim = false }: Wish): Worker {
  const held = new Map(worker.held)
  for (const id of settle?.ids ?? []) held.delete(id)
  const freed = startWaiting({ ...worker, held })
  const number = worker.number + 1
  const begun = [...freed.held].filter(([, { phase }]) => phase === 'begun')
  const request: StepRequest = {
    worker: worker.name,
    number,
    lane: laneOf(worker),
    lease: LEASE,
    keepFailed: scope.keepFailed,
    settle: settle === undefined ? [] : [settle],
    renew: renew ? [...freed.held].map(([id, { token }]) => ({ token, ids: [id] })) : [],
    started: begun.map(([id, { token }]) => ({ token, ids: [id] })),
    claim: claim ? wanted(freed, scope) : 0,
    slots: Math.max(0, CONCURRENCY - freed.held.size - claiming(worker)),
    ...(scope.policy === undefined ? {} : { policy: scope.policy }),
    leaving: false,
  }
  for (const [id, { token }] of begun) held.set(id, { token, phase: 'running' })
  const flight: Flight = { request, first: null, reply: null }
  return { ...freed, held: new Map([...freed.held, ...held]), number, flights: [...worker.flights, flight] }
}

/** The answer is read; as Worker.#read does. */
export function read(worker: Worker, flight: Flight): Worker {
  const { request, reply } = flight
  const { renewed, token, ids } = reply as StepReply
  const held = new Map(worker.held)
  let place = 0
  for (const group of request.renew) {
    for (const id of group.ids) {
      // Lost, unless the answer comes late and speaks of a claim before this one. A withdrawn one runs to its end.
      if ((renewed[place++] ?? '1') === '0' && held.get(id)?.token === group.token) held.delete(id)
    }
  }
  ids.forEach((id, nth) => {
    // Claimed anew before we were told that it was lost: that run is told to stop.
    held.set(id, { token, phase: nth < request.slots ? 'running' : 'ahead' })
  })
  return startWaiting({ ...worker, held, flights: worker.flights.filter((other) => other !== flight) })
}

/** What was claimed ahead starts where a slot is free. */
function startWaiting(worker: Worker): Worker {
  const held = new Map(worker.held)
  for (const [id, { token, phase }] of held) {
    const running = [...held.values()].filter((claim) => claim.phase !== 'ahead').length
    if (phase === 'ahead' && running < CONCURRENCY) held.set(id, { token, phase: 'begun' })
  }
  return { ...worker, held }
}

/** The handlers that started between two moments of one worker. */
export function startedSince(before: Worker, after: Worker): [id: string, claim: Claim][] {
  return [...after.held].filter(([id, { token, phase }]) => {
    const was = before.held.get(id)
    return phase !== 'ahead' && (was === undefined || was.token !== token || was.phase === 'ahead')
  })
}
