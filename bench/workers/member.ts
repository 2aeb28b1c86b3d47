import { createQueue } from '../convoy.js'
import type { Tally, Task } from './crew.js'

/** One process of a crew: see `crew.ts` for what it is told and tells. */
let task: Task
let queues: Awaited<ReturnType<typeof createQueue>>[] = []
let last = 0
const counts: number[] = []

process.on('message', async (message: Task | 'start' | 'tally' | 'end') => {
  switch (message) {
    case 'start':
      begin()
      return process.send?.('started')
    case 'tally':
      return process.send?.({ counts, last } satisfies Tally)
    case 'end':
      await Promise.all(queues.map((queue) => queue.close()))
      return process.disconnect()
    default:
      task = message
      queues = await Promise.all(
        Array.from({ length: task.workers }, () => createQueue(task.queue, { store: task.address.url })),
      )
      await Promise.all(queues.map((queue) => queue.ready({ timeout: 60_000 })))
      return process.send?.('ready')
  }
})

function begin(): void {
  const { concurrency, prefetch, jobTime } = task
  for (const [at, queue] of queues.entries()) {
    counts[at] = 0
    queue.process(
      async () => {
        counts[at] = (counts[at] ?? 0) + 1
        last = performance.timeOrigin + performance.now()
        if (jobTime > 0) await new Promise((resolve) => setTimeout(resolve, jobTime))
      },
      { concurrency, prefetch },
    )
  }
}

// Nobody is left to work for, or the work is over and everything closed.
process.once('disconnect', () => process.exit(0))
