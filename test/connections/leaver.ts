// A process of its own: opens all that a queue can open, says so, and closes it when told to. Nothing here ends it.
import { createQueue, redisStore } from '../../src/index.js'

const [url = '', name = ''] = process.argv.slice(2)
const queue = createQueue(name, { store: redisStore({ url, replyTimeout: 500 }), publishTimeout: 1_000 })
const say = (word: string): void => {
  process.stdout.write(`${word}\n`)
}

queue.on('error', () => {})
queue.process(() => new Promise(() => {}), { abortGrace: 0 })
queue.jamGuard({ every: 100 })
queue.logStats({ every: 100, logger: { info: () => {} } })
// Whether it is reached or not is the test's affair.
await queue.publish('a').catch(() => {})
say('open')
process.stdin.once('data', () => {
  process.stdin.pause()
  queue.publish('b').catch(() => {})
  queue.close({ timeout: 0 }).then(
    () => say('closed'),
    (error: unknown) => say(`failed: ${String(error)}`),
  )
})
