// A worker whose handler keeps the event loop busy. It runs from dist: a thread needs a file that Node can read.

import { heartbeat } from '../../dist/heartbeat/index.js'
import { createQueue } from '../../dist/index.js'

const { url, name, lease, busy, beating, jobTimeout, concurrency } = JSON.parse(process.argv[2])
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

// An observer stops nothing, whatever it throws.
const onLag = (ms) => {
  say({ lag: ms })
  throw new Error('from the observer')
}
const queue = createQueue(name, { store: url, lease })
queue.on('lost', (id) => say({ lost: id }))
const worker = queue.process(
  ({ id, signal }) => {
    say({ run: id })
    const end = performance.now() + busy
    while (performance.now() < end);
    say({ end: id, aborted: signal.aborted })
  },
  {
    jobTimeout,
    concurrency,
    ...(beating ? { heartbeat: heartbeat({ url, onLag, onError: ({ code }) => say({ told: code }) }) } : {}),
  },
)
process.stdin.once('data', async () => {
  await worker.close()
  await queue.close()
  say({ closed: true })
  // The process ends by itself, or the test waits for ever.
  process.stdin.destroy()
})
