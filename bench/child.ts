import { median } from './figures.js'
import { type Address, type Control, connect } from './server.js'
import type { Session, System } from './system.js'
import { systems } from './systems.js'
import type { Work } from './work.js'
import { works } from './works.js'

/** One work of one system in a process of its own, so that no system pays for another's heap, timers or patches. */
export interface Order {
  readonly system: string
  readonly work: string
  readonly address: Address
  readonly quick: boolean
  /** From 0: the first warms up. */
  readonly turn: number
  readonly turns: number
}
export type Answer = { readonly values: readonly number[]; readonly jobs: number } | { readonly error: string }

/** A fast system is done in a tenth of a second: it runs again until this much has been measured, and its median counts. */
const enough = { ms: 1_000, runs: 5 }
/** A quick run does a tenth of it, once. */
const quickly = { jobs: 0.1, warmUp: 0.2 }

async function answer(order: Order): Promise<Answer> {
  const system = systems.find((each) => each.name === order.system) as System
  const work = works.find((each) => each.key === order.work) as Work
  const jobs = scaled((work.jobs * (order.quick ? quickly.jobs : 1)) / order.turns)
  const control = await connect(order.address)
  try {
    if (work.warmUp > 0 && order.turn === 0)
      await once(system, work, scaled(work.warmUp * (order.quick ? quickly.warmUp : 1)), order.address, control)
    const runs: (readonly number[])[] = []
    const start = performance.now()
    do runs.push(await once(system, work, jobs, order.address, control))
    while (!order.quick && work.warmUp > 0 && runs.length < enough.runs && performance.now() - start < enough.ms)
    return { values: work.rows.map((_, row) => median(runs.map((values) => values[row] as number))), jobs }
  } finally {
    control.destroy()
  }

  function scaled(count: number) {
    return Math.max(1, Math.round(count * (system.share ?? 1)))
  }
}

/** One run, on a flushed server and a fresh session: the server is the bench's own, so flushing harms nobody. */
async function once(system: System, work: Work, jobs: number, address: Address, control: Control) {
  await control.flushAll()
  let session: Session | undefined
  try {
    return await work.run({
      system,
      address,
      jobs,
      control,
      async open(shape) {
        session = await system.open(address, { slots: 100, lone: false, ...shape })
        return session
      },
    })
  } finally {
    await session?.close()
  }
}

process.on('message', async (order: Order) => {
  process.send?.(await answer(order).catch((error: Error) => ({ error: error.stack ?? String(error) })))
})

// Nobody is left to answer to.
process.once('disconnect', () => process.exit(0))
