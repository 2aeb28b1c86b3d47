import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../house/sources.js'
import { dropFolder, keepFolder, reap } from '../support/reaper.js'
import type { Check, Edit } from './mutant.js'

const COPIED = ['src', 'lua', 'test', 'package.json', 'SECURITY.md', 'tsconfig.json', 'vitest.config.ts']

/** What became of a check. `broken`: it could not be run, or not in time, which proves nothing. */
export type Outcome =
  | { readonly kind: 'green' }
  | { readonly kind: 'red'; readonly test: string; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string }

/** A copy of the project in a temporary folder, on which bugs are planted one after the other. */
export class Bench {
  readonly #dir = mkdtempSync(join(tmpdir(), 'convoy-mutants-'))

  constructor() {
    keepFolder(this.#dir)
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.#dir, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.#dir, 'node_modules'))
  }

  /** Plants a bug, runs, and mends. Throws when the text to replace is not there once. */
  async with<T>(edits: readonly Edit[], run: () => Promise<T>): Promise<T> {
    const before = new Map(edits.map(({ file }) => [file, readFileSync(join(this.#dir, file), 'utf8')]))
    const after = new Map(before)
    for (const one of edits) after.set(one.file, plant(after.get(one.file) as string, one))
    try {
      this.#write(after)
      return await run()
    } finally {
      this.#write(before)
    }
  }

  /** Runs the tests of a check until the first is red. */
  check({ project, file, tests, seeds = 300 }: Check, limit: number): Promise<Outcome> {
    const report = join(this.#dir, 'report.json')
    writeFileSync(report, '')
    const args = [
      'run',
      '--project',
      project,
      '--bail=1',
      `--testTimeout=${limit / 10}`,
      '--reporter=json',
      `--outputFile=${report}`,
      file,
    ]
    if (tests !== '') args.push('-t', tests)
    // Fixed games: a bug that only some games meet would come and go.
    const games = {
      CONVOY_MODEL_SEED: '7',
      CONVOY_MODEL_RUNS: '60',
      CONVOY_MODEL_SHRINK: 'no',
      SIM_SEEDS: `${seeds}`,
    }
    const env = { ...process.env, ...games }
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
    // A group of its own, so that what a hanging test started goes with it.
    const child = spawn(process.execPath, [vitest, ...args], { cwd: this.#dir, env, stdio: 'ignore', detached: true })
    reap(child)
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        process.kill(-(child.pid as number), 'SIGKILL')
        resolve({ kind: 'broken', why: `not ended after ${limit} ms` })
      }, limit)
      child.once('error', (error) => resolve({ kind: 'broken', why: error.message }))
      child.once('exit', (code) => {
        clearTimeout(timer)
        resolve(readReport(readFileSync(report, 'utf8'), code))
      })
    })
  }

  drop(): void {
    dropFolder(this.#dir)
  }

  #write(files: ReadonlyMap<string, string>): void {
    for (const [file, text] of files) writeFileSync(join(this.#dir, file), text)
    if ([...files.keys()].some((file) => file.startsWith('lua/'))) {
      execFileSync(process.execPath, ['lua/inline.mjs'], { cwd: this.#dir })
    }
  }
}

/** Exact, and once: a mutant whose text has moved on would otherwise test nothing. */
export function plant(text: string, { file, find, put }: Edit): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`${file} has this ${times} times, not once: ${JSON.stringify(find)}`)
  return text.replace(find, () => put)
}

interface Report {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** Red is an assertion that failed. A file that cannot be loaded is broken, and so is one in which nothing ran. */
export function readReport(text: string, code: number | null): Outcome {
  if (text === '') return { kind: 'broken', why: `no report, exit code ${code}` }
  const { testResults, numPassedTests } = JSON.parse(text) as Report
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  if (failed !== undefined) {
    const why = (failed.failureMessages[0] ?? '').split('\n')[0]?.replace(/^(?:\w*Error|Counterexample): /, '') ?? ''
    // What vitest says of a test that ran into its limit.
    return { kind: 'red', test: failed.title, why: why === 'STACK_TRACE_ERROR' ? 'it did not end' : why }
  }
  if (code !== 0) return { kind: 'broken', why: testResults[0]?.message || `exit code ${code}, and no test failed` }
  return numPassedTests > 0 ? { kind: 'green' } : { kind: 'broken', why: 'no test ran' }
}
