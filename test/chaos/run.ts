// The fault matrix on real servers: `npm run chaos -- --help`.
import { parseArgs } from 'node:util'
import { perform } from './perform.js'
import { rows } from './rows.js'
import { total } from './stopwatch.js'
import { type Line, table } from './table.js'

/** ms that the small doses of all rows may take together. */
const SMALL_DOSES = 900_000

const usage = `npm run chaos -- [options]
  --ci               a small dose of every row
  --rows a,b         only these: ${rows.map(({ name }) => name).join(' ')}
  --minutes 2        a full dose: each row for so long
  --without a,b      rows that this machine cannot play, known and accepted: any other that is not played fails
  --seed TEXT        all chance comes from it; printed when it is not given
  --keep             keep the histories of all rows, not only of broken ones
  --list             what each row does`

const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    rows: { type: 'string' },
    minutes: { type: 'string' },
    without: { type: 'string', default: '' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) leave(0, usage)
const wanted = values.rows?.split(',')
const without = values.without.split(',').filter(Boolean)
for (const name of [...(wanted ?? []), ...without])
  if (!rows.some((row) => row.name === name)) leave(2, `no row ${name}\n${usage}`)
const chosen = rows.filter(({ name }) => (wanted?.includes(name) ?? true) && !without.includes(name))
if (values.list) {
  leave(
    0,
    chosen.map((row) => `${row.name}\n  fault: ${row.fault}\n  by: ${row.injection}\n  holds: ${row.holds}`).join('\n'),
  )
}
const minutes = values.ci ? undefined : Number(values.minutes ?? 2)
if (minutes !== undefined && !(minutes > 0)) leave(2, `--minutes ${values.minutes}: a number above 0`)
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 32))

console.log(`seed ${seed}: npm run chaos -- --seed ${seed}${values.ci ? ' --ci' : ` --minutes ${minutes}`} --rows ROW`)
// Without a listener a signal ends the process before `exit` is told, and disks would stay mounted.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const started = performance.now()
const lines: Line[] = []
const notRun: { row: string; why: string }[] = []
for (const row of chosen) {
  const why = await row.reason?.()
  if (why !== undefined) {
    console.log(`${row.name}: NOT RUN: ${why}`)
    notRun.push({ row: row.name, why })
    continue
  }
  const tally = await perform(row, { minutes, seed, keep: values.keep })
  const line = {
    tally,
    held: tally.findings.breaches.length === 0 && tally.troubles.length === 0,
  }
  lines.push(line)
  console.log(`${row.name}: ${line.held ? 'held' : 'BROKEN'} in ${Math.round(total(tally.seconds))} s`)
  for (const text of [...tally.troubles, ...tally.notes]) console.log(`  ${text}`)
  for (const { rule, what } of tally.findings.breaches.slice(0, 10)) console.log(`  ${rule}: ${what}`)
}
console.log(`\n${table(lines, notRun)}`)
const late = values.ci && performance.now() - started > SMALL_DOSES
if (late) console.log('the small doses took more than 15 minutes')
process.exitCode = lines.length > 0 && lines.every((line) => line.held) && notRun.length === 0 && !late ? 0 : 1

function leave(code: number, text: string): never {
  console.log(text)
  process.exit(code)
}
