import { availableParallelism } from 'node:os'
import { MUTANTS } from './all.js'
import { Bench, type Outcome } from './bench.js'
import type { Check, Mutant } from './mutant.js'

// npm run mutants               plants every bug, one at a time, on a copy; each must turn its check red
// npm run mutants -- renewal    those whose words, or whose check's, hold this
//
// First each check runs on the sound copy and must be green: red with a bug and red without would prove nothing.

/** ms; a check that takes longer has caught nothing. */
const LIMIT = 120_000

const word = process.argv[2] ?? ''
const mutants = MUTANTS.filter(({ bug, where, check }) => `${bug} ${where} ${check.what}`.includes(word))
if (mutants.length === 0) throw new Error(`no mutant is described by ${word}`)

const started = performance.now()
const benches = Array.from({ length: Math.min(2, availableParallelism()) }, () => new Bench())

/** Each bench takes the next. */
async function share<T>(all: readonly T[], work: (bench: Bench, one: T) => Promise<void>): Promise<void> {
  const rest = [...all]
  const lane = async (bench: Bench): Promise<void> => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) await work(bench, one)
  }
  await Promise.all(benches.map(lane))
}

/** One check per file, that asks for all that any mutant asks of it. */
function together(all: readonly Check[]): Check[] {
  const byFile = new Map(all.map((check) => [check.file, check]))
  return [...byFile.values()].map((one) => {
    const patterns = new Set(all.filter(({ file }) => file === one.file).map(({ tests }) => tests))
    const seeds = Math.max(0, ...all.filter(({ file }) => file === one.file).map(({ seeds = 0 }) => seeds))
    return { ...one, ...(seeds > 0 ? { seeds } : {}), tests: patterns.has('') ? '' : [...patterns].join('|') }
  })
}

const checks = together(mutants.map(({ check }) => check))
const unsound: string[] = []
await share(checks, async (bench, check) => {
  const outcome = await bench.check(check, 3 * LIMIT)
  if (outcome.kind !== 'green')
    unsound.push(`${check.file} -t '${check.tests}' is ${outcome.kind} without any bug: ${outcome.why}`)
})
console.log(
  `${checks.length} files of checks, ${checks.length - unsound.length} green on the sound copy, ${seconds(started)}`,
)

const rows: { readonly mutant: Mutant; readonly outcome: Outcome; readonly took: string }[] = []
if (unsound.length === 0) {
  await share(mutants, async (bench, mutant) => {
    const from = performance.now()
    const plain = { kind: 'broken', why: '' } as const
    const outcome = await bench
      .with(mutant.edits, () => bench.check(mutant.check, LIMIT))
      .catch((error: Error): Outcome => ({ ...plain, why: error.message }))
    rows.push({ mutant, outcome, took: seconds(from) })
  })
}
for (const bench of benches) bench.drop()

for (const { mutant, outcome, took } of rows.sort((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant))) {
  const { bug, where, check } = mutant
  const by = outcome.kind === 'red' ? `${check.what}: ${outcome.test}` : outcome.kind === 'green' ? 'NOBODY' : 'NOT RUN'
  console.log(`| ${where} | ${bug} | ${by} | ${took} |`)
  if (outcome.kind !== 'green') console.log(`|   | | ${outcome.why.slice(0, 160).replaceAll('|', '/')} | |`)
}
const caught = rows.filter(({ outcome }) => outcome.kind === 'red').length
for (const line of unsound) console.error(line)
console.log(`${caught} of ${mutants.length} mutants caught, ${seconds(started)}`)
process.exitCode = caught === mutants.length && unsound.length === 0 ? 0 : 1

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`
}
