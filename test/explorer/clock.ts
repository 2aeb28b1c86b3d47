import type { Ordered } from '../../src/memory/ordered.js'
import { bare, type Scope, type World } from './world.js'

/** Would a sweep find something to do now? */
export function sweepIsDue({ server, now }: World): boolean {
  const ms = Math.floor(now / 1_000)
  const due = [server.processing.first(), server.delayed.first()].some(
    (first) => first !== undefined && first.score <= ms,
  )
  return due || (server.wake === 0 && server.queued.size + server.prioritized.size > 0)
}

/** The next instant at which something ends, is due, or a guard may do what it could not, ms. */
export function nextInstant(world: World, { sweeps }: Scope): number | null {
  const { processing, delayed, remembered, guard, control } = world.server
  const ms = Math.floor(world.now / 1_000)
  const times = (ids: Ordered): number[] => ids.slice().map((id) => ids.score(id) as number)
  const ends = times(processing)
  const waits = sweeps === 'at any time' || ends.some((end) => end <= ms) ? [guard.grace, guard.until] : []
  const instants = [...ends, ...times(delayed), ...times(remembered), control.hold, ...waits].filter(
    (instant) => instant > ms,
  )
  return instants.length === 0 ? null : Math.min(...instants)
}

/** Does a claim end at that instant that a living worker has, or is about to be told of? */
export function lapsesUnder({ server, workers: living }: World, ms: number): boolean {
  return server.processing.slice().some((id) => {
    if (server.processing.score(id) !== ms) return false
    const token = bare(server.lease.get(id)) as string
    return living.some(({ held, flights, name }) => {
      const coming = flights.some(({ request }) => token.endsWith(`:${name}:${request.number}`))
      const ending = flights.some(({ request }) => request.settle.some((one) => one.token === token))
      return coming || ending || held.get(id)?.token === token
    })
  })
}
