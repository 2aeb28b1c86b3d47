import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Baseline, better, judgeExact, judgeRatio, lowered, raised } from './budget/baseline.js'
import { type Exact, measureExact } from './budget/exact.js'
import { middleOf, ratiosToRaw } from './budget/ratios.js'
import { startServer } from './server.js'
import { rawLua } from './systems/raw.js'

/**
 * The performance budget: convoy against the raw limit in one interleaved run, so that the machine's speed cancels out.
 * A ratio may not fall under 70 % of the best ever recorded; commands per script and bytes per ID may not change at all.
 */
const usage = `npm run bench:budget -- [options]
  --record            write what is better than bench/baseline.json into it
  --lower "reason"    with --record: write what is worse, too, and why`

/** The raw limit is the yardstick: a slower text would flatter every ratio. Change both, and record anew with a reason. */
const rawHash = '46e4a18bc678de4cf8613e6fa3c83f3b4ee0d5ab6cadc66032df86e699262e8e'

/** How often ratios that miss are measured anew. */
const RETRIES = 8
/** What is recorded is the middle of so many measurements: a stroke of luck would be a mark that nobody reaches again. */
const RECORDED = 3

const { values } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    lower: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const hash = createHash('sha256').update(rawLua.publish).update(rawLua.step).digest('hex')
if (hash !== rawHash) fail(`bench/raw/*.lua has changed: its hash is ${hash}, not ${rawHash}`)

const file = new URL('./baseline.json', import.meta.url)
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : undefined
const server = await startServer()
let exact: Exact
let ratios: Readonly<Record<string, number>>
const measure = () => ratiosToRaw(server.address, (text) => process.stderr.write(`${text}\n`))
try {
  exact = await measureExact(server.address, server.version)
  ratios = await measure()
  if (values.record) {
    const all = [ratios]
    while (all.length < RECORDED) all.push(await measure())
    ratios = middleOf(all)
  }
  // A neighbour on the machine can cost a ratio; it does not cost it twice, and a slower library does.
  for (
    let again = 0;
    again < RETRIES && before && !values.record && judgeRatio(before, ratios).some(({ kept }) => !kept);
    again++
  ) {
    process.stderr.write('a ratio is under budget: once more …\n')
    ratios = better(ratios, await measure())
  }
} finally {
  await server.stop()
}

if (values.record) {
  const date = new Date().toISOString().slice(0, 10)
  const baseline = values.lower
    ? lowered(before, ratios, exact, values.lower, date)
    : raised(before, ratios, exact, date)
  if (typeof baseline === 'string') fail(baseline)
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`)
  console.log('recorded in bench/baseline.json')
} else {
  if (!before) fail('bench/baseline.json is missing: npm run bench:budget -- --record')
  const verdicts = [...judgeRatio(before, ratios), ...judgeExact(before, exact)]
  for (const { text } of verdicts) console.log(text)
  const missed = verdicts.filter(({ kept }) => !kept)
  if (missed.length > 0) fail(`\n${missed.length} over budget`)
  console.log('\nwithin budget')
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
