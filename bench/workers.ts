import { parseArgs } from 'node:util'
import { startServer } from './server.js'
import { idleWorkers } from './workers/idle.js'
import { manyProcesses } from './workers/processes.js'
import { manyQueues } from './workers/queues.js'

/** Many workers: processes on one queue, idle workers on an empty one, queues in one process. */
const parts = { processes: manyProcesses, idle: idleWorkers, queues: manyQueues }

const { values } = parseArgs({ options: { only: { type: 'string' } } })
for (const [name, part] of Object.entries(parts)) {
  if (values.only && !values.only.split(',').includes(name)) continue
  const server = await startServer()
  try {
    await part(server.address)
  } finally {
    await server.stop()
  }
}
