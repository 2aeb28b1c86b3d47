import { parseArgs } from 'node:util'
import type { QueueOptions } from '../src/index.js'
import { type Lane, lanes } from './features/lanes.js'
import { median, short, times } from './figures.js'
import { machine } from './machine.js'
import { type Address, connect, startServer } from './server.js'
import { idsOf } from './system.js'

const usage = `npm run bench:features -- [options]
  --jobs 20000    jobs of a run
  --rounds 3      interleaved rounds; each begins with the plain lane`

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const jobs = Number(values.jobs)
const rounds = Number(values.rounds)

const convoy = (await import(new URL('../dist/index.js', import.meta.url).href)) as typeof import('../src/index.js')
const entry = (await import(
  new URL('../dist/events-log/index.js', import.meta.url).href
)) as typeof import('../src/events-log/index.js')

interface Speed {
  /** IDs per second. */
  readonly publish: number
  readonly drain: number
}

/** Publishes all, then works them off by 100 handlers that do next to nothing. */
async function run(lane: Lane, address: Address, count: number): Promise<Speed> {
  const control = await connect(address)
  await control.flushAll()
  const queue = convoy.createQueue<unknown>('features', {
    store: address.url,
    ...(lane.options as QueueOptions<unknown> | undefined),
  })
  await queue.ready()
  if (lane.journal) await entry.journal(queue, { keep: lane.journal })
  const ears = lane.heard ? await entry.listen(queue, { done: () => {} }) : undefined
  const ids = idsOf(count)
  const items = lane.item ? ids.map((id, number) => (lane.item as NonNullable<Lane['item']>)(id, number)) : ids
  const begun = performance.now()
  await queue.publishMany(items as never)
  const published = performance.now()
  let runs = 0
  let left = count
  await new Promise<void>((resolve) => {
    queue.process(
      async ({ attempt }) => {
        const result = lane.handle?.(++runs, attempt)
        if (--left === 0) resolve()
        return result
      },
      { concurrency: 100 },
    )
  })
  const drained = performance.now()
  await ears?.close()
  await queue.close()
  control.destroy()
  return { publish: (count / (published - begun)) * 1000, drain: (count / (drained - published)) * 1000 }
}

const server = await startServer()
try {
  const seen = new Map<string, Speed[]>(lanes.map(({ name }) => [name, []]))
  // V8 compiles what is hot only after some thousands of jobs.
  for (const lane of lanes) await run(lane, server.address, Math.ceil(jobs / 4))
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) {
      seen.get(lane.name)?.push(await run(lane, server.address, jobs))
      process.stderr.write('.')
    }
  }
  process.stderr.write('\n')
  const { processor, cores, node } = machine()
  console.log(`${jobs} jobs, ${rounds} rounds, medians; Redis ${server.version}, Node ${node}, ${cores} x ${processor}`)
  const plain = seen.get('plain') as Speed[]
  const speed = (of: readonly Speed[], what: keyof Speed): number => median(of.map((one) => one[what]))
  /** How many times longer than the plain lane of the same round: the noise of the machine is shared. */
  const cost = (of: readonly Speed[], what: keyof Speed): number =>
    median(of.map((one, round) => (plain[round] as Speed)[what] / one[what]))
  console.log(
    `${'lane'.padEnd(36)}${'publish'.padStart(10)}${'cost'.padStart(7)}${'drain'.padStart(10)}${'cost'.padStart(7)}`,
  )
  for (const [name, of] of seen) {
    const cells = (['publish', 'drain'] as const).map(
      (what) => `${`${short(speed(of, what))}/s`.padStart(10)}${times(cost(of, what)).padStart(7)}`,
    )
    console.log(name.padEnd(36) + cells.join(''))
  }
} finally {
  await server.stop()
}
