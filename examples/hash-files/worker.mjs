// @ts-check
// A worker as a process of its own: started by crew.mjs, ends when it is told to or when its parent is gone.
import { readFileSync } from 'node:fs'
import { createQueue } from 'convoy-queue'
import { startHasher } from './hasher.mjs'
import { Paths } from './paths.mjs'

const { queue: name, store, lease, ledger, pathsFile, concurrency } = JSON.parse(process.argv[2] ?? '{}')
const { root, derived } = JSON.parse(readFileSync(pathsFile, 'utf8'))
const queue = createQueue(name, { store, lease })
const hasher = startHasher(queue, { ledger, paths: new Paths(root, derived), concurrency })

// Ctrl-C reaches parent and children alike; the parent knows what to do, and tells.
process.on('SIGINT', () => {})
process.once('disconnect', async () => {
  await queue.close({ timeout: 0 })
  await hasher.close()
})
process.send?.(hasher.name)
