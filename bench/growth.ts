import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { median, short } from './figures.js'
import { type Cost, type Costs, SizedQueue, verbs } from './growth/sized-queue.js'
import { machine } from './machine.js'
import { growthPicture, type Spot } from './report/growth-picture.js'
import { connect, startServer } from './server.js'

/**
 * What each verb costs Redis per ID while the queue grows. Time is what Redis itself spent in the scripts, so that the
 * client, the socket and most of the machine's other work stay out of it.
 */
const usage = `npm run bench:growth -- [--max 1e7]
  --max 1e6    most IDs waiting; 1e7 takes some minutes and a gigabyte`

const { values } = parseArgs({
  options: { max: { type: 'string', default: '1e6' }, help: { type: 'boolean', default: false } },
})
const most = Number(values.max)
if (values.help || !(most >= 1e4)) {
  console.log(usage)
  process.exit(values.help ? 0 : 2)
}

/** The promises: a verb may cost half as much again at the largest size, and no script may hold Redis up for long. */
const bars = { growth: 1.5, slowest: 10 }

/** Each size is measured so often, in turn with the others, so that a slow minute of the machine hits all sizes alike. */
const rounds = 10

const server = await startServer()
try {
  const control = await connect(server.address)
  // Every command is kept with its time: that is where the slowest script is read.
  await control.configSet({ 'slowlog-log-slower-than': '0', 'slowlog-max-len': '20000' })
  const queues: SizedQueue[] = []
  for (let size = 1e4; size <= most; size *= 10) {
    process.stderr.write(`filling ${size.toLocaleString('en')} …\n`)
    queues.push(await SizedQueue.open(server.address, control, size))
  }
  const seen = new Map<SizedQueue, Costs[]>(queues.map((queue) => [queue, []]))
  // The first round only compiles and warms what is hot.
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds} …\n`)
    for (const queue of queues) {
      const costs = await queue.measure(round % 2 === 0)
      if (round > 0) seen.get(queue)?.push(costs)
    }
  }
  const spots: Spot[] = []
  for (const queue of queues) spots.push(await spotOf(queue, seen.get(queue) ?? []))
  for (const queue of queues) await queue.close()
  control.destroy()
  print(spots, server.version)
  const results = new URL('./results/', import.meta.url)
  await mkdir(results, { recursive: true })
  const report = { date: new Date().toISOString().slice(0, 10), machine: machine(), redis: server.version, spots }
  await writeFile(new URL('growth.json', results), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(new URL('growth.svg', results), growthPicture(report))
} finally {
  await server.stop()
}

async function spotOf(queue: SizedQueue, costs: readonly Costs[]): Promise<Spot> {
  const middle = (verb: keyof Costs, part: keyof Cost) => median(costs.map((each) => each[verb][part]))
  const entries = [...verbs, 'raw publish' as const].map((verb) => [
    verb,
    { cost: middle(verb, 'cost'), slowest: middle(verb, 'slowest') },
  ])
  const { size, processing } = queue
  return { size, processing, bytes: await queue.bytes(), verbs: Object.fromEntries(entries) as Costs }
}

function print(spots: readonly Spot[], redis: string): void {
  const [first, last] = [spots[0] as Spot, spots.at(-1) as Spot]
  const row = (name: string, cells: readonly string[]) =>
    console.log(name.padEnd(26) + cells.map((cell) => cell.padStart(10)).join(''))
  console.log(`µs of Redis per ID (stats: per call), batches of 1,000 · Redis ${redis}`)
  row('waiting', [...spots.map(({ size }) => short(size)), 'growth', ''])
  const grown = (verb: keyof Costs) => last.verbs[verb].cost / first.verbs[verb].cost
  const cells = (verb: keyof Costs) => [
    ...spots.map((spot) => spot.verbs[verb].cost.toFixed(2)),
    `${grown(verb).toFixed(2)}x`,
  ]
  for (const verb of verbs) row(verb, [...cells(verb), grown(verb) <= bars.growth ? 'pass' : 'MISS'])
  row('raw publish', cells('raw publish'))
  console.log('\nslowest single script, ms')
  for (const verb of verbs) {
    const worst = Math.max(...spots.map((spot) => spot.verbs[verb].slowest))
    const cells = spots.map((spot) => spot.verbs[verb].slowest.toFixed(2))
    row(verb, [...cells, `${worst.toFixed(1)}`, worst <= bars.slowest ? 'pass' : 'MISS'])
  }
  console.log()
  row(
    'bytes per waiting ID',
    spots.map(({ bytes }) => bytes.toFixed(1)),
  )
  row(
    'processing while sweeping',
    spots.map(({ processing }) => short(processing)),
  )
}
