// Another process, for what only one can show: being killed, and ending by itself. `child.ts ROLE OPTIONS`.
import { once } from 'node:events'
import { createQueue } from '../../src/index.js'

const [role, given = '{}'] = process.argv.slice(2)
const {
  prefetch = 0,
  timeout,
  ...options
} = JSON.parse(given) as { prefetch?: number; timeout?: number; store: string; prefix: string }
const queue = createQueue('trucks', options)
const say = (line: string): void => console.log(line)
queue.on('error', (error) => say(`error ${error.code} ${error.message}`))

const ROLES: Record<string, () => Promise<void> | void> = {
  /** Never ends a job. */
  worker() {
    const handler = ({ id }: { id: string }): Promise<void> => {
      say(`runs ${id}`)
      return new Promise(() => {})
    }
    queue.process(handler, { prefetch })
  },
  guard() {
    queue.on('guardGained', () => say('guards'))
    queue.jamGuard({ every: 200 })
  },
  /** Uses all there is, closes it, and must then end by itself. */
  async whole() {
    await queue.ready()
    queue.jamGuard({ every: 2_000 })
    queue.logStats({ every: 50, logger: { info: () => {} } })
    const worker = queue.process(({ signal }) => void signal.aborted, {
      concurrency: 5,
      prefetch: 5,
      jobTimeout: 60_000,
    })
    await queue.publishMany(Array(100).keys())
    await queue.idle()
    say(`done ${(await queue.stats()).totals.done}`)
    await worker.close()
    queue.process(() => {})
    await queue.publish('last')
    await queue.idle()
    await queue.close()
    say('closed')
    // What was closed is gone a few turns later.
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next))
    // Its own standard streams are pipes to the test; connections to the server are TCP.
    say(
      `left ${process
        .getActiveResourcesInfo()
        .filter((name) => !name.startsWith('Pipe') && name !== 'Immediate')
        .join()}`,
    )
  },
  /** Its handler hears of nothing. */
  async deaf() {
    await queue.publish('a')
    await new Promise<void>((begun) => {
      queue.process(
        ({ id }) => {
          say(`runs ${id}`)
          begun()
          return new Promise(() => {})
        },
        { abortGrace: 50 },
      )
    })
    await queue.close({ timeout: 0 })
    say('closed')
  },
  async 'closes when told'() {
    queue.on('suspended', () => say('suspended'))
    queue.process(() => {})
    queue.jamGuard({ every: 1_000 })
    await queue.ready()
    say('ready')
    await once(process.stdin, 'data')
    process.stdin.destroy()
    await queue.close()
    say('closed')
  },
  /** Makes a queue and does nothing with it. */
  idle() {
    say('made')
  },
  /** Publishes through `await using`. */
  async publisher() {
    await using mine = queue
    say((await mine.publish('a')).outcome)
  },
}

await ROLES[role ?? '']?.()
