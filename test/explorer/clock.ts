import type { QueueState } from '../../src/memory/model.js'
import { bare, type World } from './world.js'

/** The next instant at which something ends or is due, ms. */
export function nextInstant(server: QueueState, now: number): number | null {
  const ms = Math.floor(now / 1_000)
  const ends = [...server.processing.slice().map((id) => server.processing.score(id) as number)]
  const due = server.delayed.slice().map((id) => server.delayed.score(id) as number)
  const lapsed = ends.some((end) => end <= ms)
  const waits = lapsed ? [server.guard.grace, server.guard.until] : []
  const instants = [...ends, ...due, ...waits].filter((instant) => instant > ms)
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
