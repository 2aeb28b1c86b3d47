import { expect, test } from 'vitest'
import { OPTIONAL, unitOf } from './layers.js'
import { lineCount, type Source, sources } from './sources.js'

/**
 * Lines of code. A file over its limit wants a second noun; a core over its limit is no evening's read any more.
 * DESIGN's first guess was 2,000 and 400. Twenty keys, two stores, four kinds of clients and durability that is checked came to
 * 4,700 and 700; the whole life of a job (payloads, policies, priorities, delays, retries, results, messages, limits:
 * fourteen keys more) to these; some two hundred more wait for a disk that is synced each second, keep a pool and a
 * Sentinel's client from sending twice or late, and ask over a subscription whether it still hears. Whoever wants to know how
 * a plain job runs reads none of what came last. Slots that take one job after the other are 90 lines, and a third of the time.
 * A hundred keep publishes of one ID in order though they are sent again, and never tell that nothing has happened where some has.
 * Fifteen lines of Lua know for whom a line stands, end a result that is out of date, and give thousands of running jobs back
 * what is theirs.
 * The embedded store is counted by itself: it is the specification that the Lua is tested against, said a second time.
 * So is what the stores do for `convoy-queue/audit`: nobody needs it to know how a job runs.
 */
const BUDGET = { file: 250, core: 6_370, memory: 1_900, lua: 1_555, audit: 650 }

/** The two verbs of the contract that are not the queue's, and their halves in both stores. */
const OF_AUDIT: readonly string[] = [
  'audit-verbs.ts',
  'memory/audit.ts',
  'memory/mend.ts',
  'memory/naming.ts',
  'redis/auditing.ts',
  'audit.lua',
  'mend.lua',
  '_names.lua',
  '_odd.lua',
]

const isOfAudit = ({ path }: Source): boolean => OF_AUDIT.includes(path)

const isGenerated = ({ path }: Source): boolean => path.endsWith('.generated.ts')

const longFiles = (files: readonly Source[]): string[] =>
  files
    .filter((file) => !isGenerated(file) && lineCount(file) > BUDGET.file)
    .map((file) => `${file.path} has ${lineCount(file)} lines; ${BUDGET.file} is the most`)

const isMemory = ({ path }: Source): boolean => unitOf(path) === 'memory'

const coreOf = (files: readonly Source[]): Source[] =>
  files.filter(
    (file) => !isGenerated(file) && !isOfAudit(file) && !isMemory(file) && !OPTIONAL.includes(unitOf(file.path)),
  )

const overspent = (what: string, files: readonly Source[], most: number): string[] => {
  const total = files.reduce((sum, file) => sum + lineCount(file), 0)
  if (total <= most) return []
  const rows = files.map((file) => `${file.path} ${lineCount(file)}`)
  return [`${what} has ${total} lines; ${most} is the most: ${rows.join(', ')}`]
}

test('no file is longer than its noun', () => {
  expect(longFiles([...sources('src', '.ts'), ...sources('lua', '.lua')])).toEqual([])
})

test('the core stays within its budget', () => {
  expect(overspent('the core', coreOf(sources('src', '.ts')), BUDGET.core)).toEqual([])
})

test('the embedded store stays within its budget', () => {
  const files = sources('src', '.ts').filter((file) => isMemory(file) && !isOfAudit(file))
  expect(overspent('the embedded store', files, BUDGET.memory)).toEqual([])
})

test('all of Lua stays within its budget', () => {
  const files = sources('lua', '.lua').filter((file) => !isOfAudit(file))
  expect(overspent('lua', files, BUDGET.lua)).toEqual([])
})

test("the stores' half of the audit stays within its budget", () => {
  const files = [...sources('src', '.ts'), ...sources('lua', '.lua')].filter(isOfAudit)
  expect(files).toHaveLength(OF_AUDIT.length)
  expect(overspent('the audit', files, BUDGET.audit)).toEqual([])
})

const file = (path: string, lines: number): Source => ({ path, text: 'x\n'.repeat(lines) })

test('a file one line too long is found, a generated one is not', () => {
  expect(longFiles([file('a.ts', 250), file('redis/lua.generated.ts', 9_000)])).toEqual([])
  expect(longFiles([file('a.ts', 251)])).toEqual(['a.ts has 251 lines; 250 is the most'])
  expect(longFiles([{ path: 'b.lua', text: `${'x\n'.repeat(250)}x` }])).toHaveLength(1)
})

test('a core one line over its budget is found; optional and generated files are not counted', () => {
  const files = [
    file('queue.ts', 3_999),
    file('redis/lua.generated.ts', 500),
    file('http/page.ts', 900),
    file('cli.ts', 9),
  ]
  expect(overspent('the core', coreOf(files), 4_000)).toEqual([])
  const over = overspent('the core', coreOf([...files, file('redis/store.ts', 2)]), 4_000)
  expect(over).toEqual(['the core has 4001 lines; 4000 is the most: queue.ts 3999, redis/store.ts 2'])
})
