import { installPeers } from './peers.js'
import { connect, startServer } from './server.js'
import { idsOf, type Session, type System } from './system.js'
import { systems } from './systems.js'
import { publishEach } from './work.js'

/**
 * Are the adapters honest? Every ID is published twice, one by one and in bulk, and must run once: a system that is fast
 * because it loses or repeats jobs would show here.
 */
const ids = idsOf(500)
const patience = 10_000

installPeers()
const server = await startServer()
const control = await connect(server.address)
let wrong = 0
for (const system of systems.filter(({ name }) => name !== 'raw')) {
  for (const way of ['one by one', 'in bulk'] as const) {
    if (way === 'in bulk' && system.lacks?.['B']) continue
    await control.flushAll()
    const runs = await runsOf(system, way).catch((error: Error) => error.message)
    const wanted = system.lacks?.['C'] ? 2 * ids.length : ids.length
    const fine = typeof runs !== 'string' && runs.all === wanted && runs.different === ids.length
    if (!fine) wrong++
    const told =
      typeof runs === 'string' ? runs : `${runs.all} runs of ${runs.different} IDs, ${wanted} of ${ids.length} wanted`
    console.log(`${fine ? 'ok  ' : 'FAIL'} ${system.name.padEnd(14)}${way.padEnd(12)}${told}`)
  }
}
control.destroy()
await server.stop()
// Some peers leave timers and sockets behind when they are closed.
process.exit(wrong === 0 ? 0 : 1)

async function runsOf(system: System, way: 'one by one' | 'in bulk'): Promise<{ all: number; different: number }> {
  system.version()
  const session: Session = await system.open(server.address, { slots: 10, lone: false })
  for (let time = 0; time < 2; time++) {
    if (way === 'in bulk') await session.publishMany(ids)
    else await publishEach(session, ids)
  }
  const seen: string[] = []
  const worker = await session.worker(async (id) => void seen.push(id), { concurrency: 10, prefetch: 0 })
  worker.start()
  // Once nothing has run for a while, nothing will: a repeated job must have its chance to be seen.
  for (let before = -1, waited = 0; waited < patience && (seen.length === 0 || seen.length !== before); waited += 500) {
    before = seen.length
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  await worker.stop()
  await session.close()
  return { all: seen.length, different: new Set(seen).size }
}
