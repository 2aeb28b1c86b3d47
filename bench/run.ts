import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { barsTable } from './bars.js'
import { machine } from './machine.js'
import { installPeers } from './peers.js'
import { picture } from './report/picture.js'
import type { Report } from './report/report.js'
import { table } from './report/table.js'
import { runRounds } from './rounds.js'
import { startServer } from './server.js'
import type { System } from './system.js'
import { systems } from './systems.js'
import { works } from './works.js'

const usage = `npm run bench -- [options]
  --only D100,B        works: ${works.map((work) => work.key).join(' ')}
  --peers bullmq,raw   beside convoy: ${systems
    .map((system) => system.name)
    .filter((name) => name !== 'convoy')
    .join(' ')}
  --without convoy     leave systems out
  --rounds 3           interleaved rounds (1 with --quick)
  --quick              a tenth of the jobs, one round: two minutes, not for quoting`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    without: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const chosenWorks = named(works, (work) => work.key, values.only)
const chosenSystems = named(systems, (system) => system.name, values.peers && `convoy,${values.peers}`).filter(
  (system) => !values.without?.split(',').includes(system.name),
)
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
if (!Number.isInteger(rounds) || rounds < 1) stop(`--rounds ${values.rounds}: a whole number from 1`)
if (chosenSystems.some((system) => !['convoy', 'raw'].includes(system.name))) installPeers()

const present: { system: System; version: string }[] = []
const leftOut: { name: string; why: string }[] = []
for (const system of chosenSystems) {
  try {
    present.push({ system, version: system.version() })
  } catch (error) {
    leftOut.push({ name: system.name, why: (error as Error).message })
  }
}

const started = performance.now()
const server = await startServer()
try {
  const lines = await runRounds({
    systems: present.map(({ system }) => system),
    works: chosenWorks,
    rounds,
    quick: values.quick,
    address: server.address,
    onProgress: (text) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    redis: server.version,
    rounds,
    quick: values.quick,
    took: (performance.now() - started) / 60_000,
    systems: present.map(({ system, version }) => ({ name: system.name, version, settings: system.settings })),
    leftOut,
    lines,
  }
  console.log(table(report))
  console.log(barsTable(report))
  // Only a whole run may replace the figures the README shows.
  const whole = !values.quick && !values.only && !values.peers && !values.without && leftOut.length === 0
  const results = new URL(whole ? './results/' : './results/scratch/', import.meta.url)
  await mkdir(results, { recursive: true })
  await writeFile(new URL('latest.json', results), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(new URL('latest.svg', results), picture(report))
  if (!whole) console.log('\nwritten to bench/results/scratch: only a whole run replaces bench/results/latest')
} finally {
  await server.stop()
}

function named<Each>(all: readonly Each[], nameOf: (each: Each) => string, list: string | undefined): readonly Each[] {
  if (!list) return all
  const names = list.split(',')
  for (const name of names) if (!all.some((each) => nameOf(each) === name)) stop(`unknown: ${name}\n${usage}`)
  return all.filter((each) => names.includes(nameOf(each)))
}

function stop(message: string): never {
  console.error(message)
  process.exit(2)
}
