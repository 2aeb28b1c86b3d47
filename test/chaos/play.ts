// One process of a chaos run: `play.ts PART`. It says `ready`, plays its part until it is told to stop, and must then end by itself.
import { Recorder } from './history.js'
import { type Part, queueOf, type RoleName } from './part.js'
import { guard } from './roles/guard.js'
import { publisher } from './roles/publisher.js'
import type { Role } from './roles/role.js'
import { worker } from './roles/worker.js'

const ROLES: Readonly<Record<RoleName, (...given: Parameters<typeof worker>) => Role>> = { publisher, worker, guard }

const part = JSON.parse(process.argv[2] ?? '') as Part
const recorder = new Recorder(part.file, part.proc)
const uncaught = (error: unknown): void => {
  recorder.note({ op: 'life', phase: 'fail', reply: error instanceof Error ? String(error.stack) : String(error) })
}
process.on('unhandledRejection', uncaught)
process.on('uncaughtException', uncaught)
// The harness has died: nobody will tell us to stop.
const orphaned = (): never => process.exit(1)
process.on('disconnect', orphaned)

const { queue, letGo } = queueOf(part)
// What goes wrong in the background is what chaos is for; the history tells what came of it.
queue.on('error', () => {})
const role = ROLES[part.role](queue, part, recorder)
recorder.note({ op: 'life', phase: 'invoke', role: part.role })
const end = role.start()
process.on('message', async (order) => {
  if (order === 'clock') process.send?.(Date.now())
  if (order !== 'stop') return
  await end()
  await queue.close()
  await letGo()
  recorder.note({ op: 'life', phase: 'ok', pending: role.pending() })
  process.off('disconnect', orphaned)
  process.disconnect()
})
const ready = (): unknown => process.send?.('ready')
// One that comes up while the server is away goes on trying: that is no reason to wait.
queue.ready({ timeout: 5_000 }).then(ready, ready)
