import type { Job } from '../../src/job.js'
import { Host } from './host.js'
import { CALM } from './network.js'
import { Server } from './server.js'
import { Witness } from './witness.js'
import { World } from './world.js'

/** A server that answers nothing, or is not there, for so many ms; nothing else is wrong. */
export interface Outage {
  readonly kind: 'hang' | 'down'
  readonly ms: number
  readonly lease: number
  readonly replyTimeout: number
}

const JOBS = ['a', 'b', 'c', 'd']

/** Workers at long jobs, a guard, and one outage: how many claims of workers that live were taken from them. */
export async function jamsIn(seed: number, { kind, ms, lease, replyTimeout }: Outage): Promise<number> {
  const world = new World(seed, false)
  const witness = new Witness(world, replyTimeout)
  const server = new Server(world, witness)
  witness.state = server.state
  const quality = { now: CALM }
  const terms = { lease, maxJams: 3, publishTimeout: 10_000, replyTimeout }
  const [first, second, guard] = ['P1', 'P2', 'P3'].map((name) => {
    const host = new Host(name, terms, { world, server, witness, quality })
    witness.hosts.set(name, host)
    host.queue.on('error', () => {})
    return host
  }) as [Host, Host, Host]
  const over = new AbortController()
  // They work until all is over, and do not listen.
  const long = (): Promise<void> => new Promise((resolve) => over.signal.addEventListener('abort', () => resolve()))
  for (const host of [first, second]) {
    const worker = host.queue.process(
      (job: Job) => {
        const run = witness.began(host, worker, job)
        return long().then(() => witness.ended(run, 'returned'))
      },
      { concurrency: 2 },
    )
    witness.steps.room(worker.name, 2)
  }
  guard.queue.jamGuard({ every: lease / 5 })
  for (const id of JOBS) witness.verdicts.called(guard.name, id, witness.order)
  void guard.queue.publishMany(JOBS)
  await world.until('all run', () => witness.busy() === JOBS.length, 10_000)
  await world.pass(world.dice.between(0, lease))
  const end = world.now + ms
  if (kind === 'hang') server.hungUntil = end
  else {
    server.downUntil = end
    for (const host of [first, second, guard]) for (const link of [...host.net.links]) link.reset()
  }
  for (const host of [first, second, guard]) host.disturb(ms)
  await world.pass(ms + 2 * lease + 5_000)
  over.abort()
  for (const host of [first, second, guard]) host.dead = true
  if (world.broken) throw world.broken
  return world.tally['jamsOfTheLiving'] ?? 0
}
