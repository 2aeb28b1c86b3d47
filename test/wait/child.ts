// Another process that waits, ticks or listens: `child.ts ROLE OPTIONS`.
import { once } from 'node:events'
import { listen } from '../../src/events-log/index.js'
import { createQueue } from '../../src/index.js'
import { every } from '../../src/schedule/index.js'
import { publishAndWait } from '../../src/wait/index.js'

const [role, given = '{}'] = process.argv.slice(2)
const options = JSON.parse(given) as { store: string; prefix: string }
const queue = createQueue('trucks', { ...options, keepResult: 60_000 })
const say = (line: string): void => console.log(line)
queue.on('error', (error) => say(`error ${error.code} ${error.message}`))

const ROLES: Record<string, () => Promise<unknown>> = {
  /** Ten waits for one ID once it is told to; then it must end by itself. */
  async waits() {
    await queue.ready()
    say('ready')
    await once(process.stdin, 'data')
    process.stdin.destroy()
    const ended = await Promise.all(Array.from({ length: 10 }, () => publishAndWait(queue, 'a')))
    say(`results ${[...new Set(ended.map(({ result, epoch }) => `${result} ${epoch}`))].join(' | ')}`)
    await queue.close()
  },
  async ticks() {
    await every(queue, 'tick', 'PT1S')
    say('ticks')
  },
  async listens() {
    await listen(queue, { done: ({ ids }) => say(`done ${ids.join()}`) })
    say('listens')
  },
}

await ROLES[role ?? '']?.()
