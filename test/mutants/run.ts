import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { MUTANTS } from './all.js'
import { Bench } from './bench.js'
import type { Mutant } from './mutant.js'
import type { Outcome } from './outcome.js'
import { cheapestFirst, isAlone, partOf, readPart, together } from './plan.js'

const usage = `npm run mutants                   plants every bug, one at a time, on a copy; each must turn its check red
npm run mutants -- renewal        those whose words, or whose check's, hold this
npm run mutants -- --part 2/3     the second of three parts that take about as long`

// First each check runs on the sound copy and must be green: red with a bug and red without would prove nothing. What
// becomes of each bug is told at once; at the end who was missed, and the exit code.

/** ms; a check that takes longer has caught nothing. */
const LIMIT = 120_000

const UNSOUND: Outcome = { kind: 'broken', why: 'its check is red without any bug' }

const { values, positionals } = parseArgs({
  options: { part: { type: 'string', default: '1/1' }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const part = readPart(values.part)
if (part === undefined) throw new Error(`--part ${values.part}: expected the second of three as 2/3`)
const word = positionals.join(' ')
const described = MUTANTS.filter(({ bug, where, check }) => `${bug} ${where} ${check.what}`.includes(word))
if (described.length === 0) throw new Error(`no mutant is described by ${word}`)
const mutants = cheapestFirst(partOf(described, part))

const started = performance.now()
const benches = Array.from({ length: Math.min(4, availableParallelism()) }, () => new Bench())
/** What is wrong, said once more at the end. */
const amiss: string[] = []

// Cut off by hand, it leaves nothing behind: what it started, and its copies, go as it exits.
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code))

/** Each bench takes the next; then one of them, with the machine to itself, what has to be alone. */
async function share<T extends Pick<Mutant, 'check'>>(
  all: readonly T[],
  work: (bench: Bench, one: T) => Promise<void>,
): Promise<void> {
  const lane = async (bench: Bench, rest: T[]): Promise<void> => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) await work(bench, one)
  }
  const others = all.filter((one) => !isAlone(one))
  await Promise.all(benches.map((bench) => lane(bench, others)))
  await lane(benches[0] as Bench, all.filter(isAlone))
}

const checks = together(mutants.map(({ check }) => check)).map((check) => ({ check }))
const unsound = new Set<string>()
await share(checks, async (bench, { check }) => {
  const outcome = await bench.check(check, 3 * LIMIT)
  if (outcome.kind === 'green') return
  unsound.add(check.file)
  say(`${check.file} -t '${check.tests}' is ${outcome.kind} without any bug: ${outcome.why}`)
})
console.log(
  `${checks.length} files of checks, ${checks.length - unsound.size} green on the sound copy, ${since(started)}`,
)

let caught = 0
let met = 0
await share(mutants, async (bench, mutant) => {
  const from = performance.now()
  const outcome = unsound.has(mutant.check.file)
    ? UNSOUND
    : await bench
        .with(mutant.edits, () => bench.check(mutant.check, LIMIT))
        .catch((error: Error): Outcome => ({ kind: 'broken', why: error.message }))
  const line = `| ${++met} of ${mutants.length} ${row(mutant, outcome)} | ${since(from)} |`
  if (outcome.kind === 'red') {
    caught++
    console.log(line)
  } else say(line)
})
for (const bench of benches) bench.drop()

console.log(`${caught} of ${mutants.length} mutants caught, ${since(started)}`)
for (const line of amiss) console.error(line)
process.exitCode = caught === mutants.length ? 0 : 1

function row({ where, bug, check }: Mutant, outcome: Outcome): string {
  if (outcome.kind === 'green') return `| ${where} | ${bug} | NOBODY: ${check.what} is green`
  const why = outcome.why.slice(0, 160).replaceAll('|', '/')
  const by = outcome.kind === 'red' ? `${check.what}: ${outcome.test}` : `NOT RUN: ${check.what}`
  return `| ${where} | ${bug} | ${by} (${why})`
}

function say(line: string): void {
  amiss.push(line)
  console.log(line)
}

function since(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`
}
