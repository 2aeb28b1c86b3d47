import { execFileSync, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../house/sources.js'
import { dropFolder, keepFolder, reap } from '../support/reaper.js'
import type { Check, Edit } from './mutant.js'
import { type Outcome, readPlay, readReport } from './outcome.js'

const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const COPIED = ['src', 'lua', 'test', 'package.json', 'SECURITY.md', 'tsconfig.json', 'vitest.config.ts']

/** All chance of a row comes from it: what only some games of chance show would come and go. */
const SEED = '7'

/** A copy of the project in a temporary folder, on which bugs are planted one after the other. */
export class Bench {
  readonly #dir = mkdtempSync(join(tmpdir(), 'convoy-mutants-'))
  readonly #temp = join(this.#dir, 't')

  constructor() {
    keepFolder(this.#dir)
    mkdirSync(this.#temp)
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

  /** Runs the tests of a check until the first is red, or plays its rows. */
  async check(check: Check, limit: number): Promise<Outcome> {
    try {
      if (check.built) this.#tool(TSC, '-p', 'tsconfig.json', '--noCheck')
      return check.project === 'chaos' ? await this.#play(check, limit) : await this.#test(check, limit)
    } catch (error) {
      return { kind: 'broken', why: String(error) }
    }
  }

  async #test({ project, file, tests, seeds = 300 }: Check, limit: number): Promise<Outcome> {
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
    const code = await this.#run([VITEST, ...args], games, 'ignore', limit)
    return readReport(readFileSync(report, 'utf8'), code)
  }

  /** The small dose of its rows. They compile what they run, from the copy; what they leave in the temporary folder goes with it. */
  async #play({ tests, blunt }: Check, limit: number): Promise<Outcome> {
    const report = join(this.#dir, 'report.txt')
    const into = openSync(report, 'w')
    try {
      const args = [
        '--import',
        'tsx',
        'test/chaos/run.ts',
        '--ci',
        '--seed',
        SEED,
        '--rows',
        tests.replaceAll('|', ','),
      ]
      const code = await this.#run(args, { TMPDIR: this.#temp }, into, limit)
      return readPlay(readFileSync(report, 'utf8'), code, blunt)
    } finally {
      closeSync(into)
    }
  }

  /** Resolves with the exit code; rejects when it did not end in time. */
  #run(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    out: 'ignore' | number,
    limit: number,
  ): Promise<number | null> {
    // A group of its own, so that what a hanging test started goes with it.
    const child = spawn(process.execPath, args, {
      cwd: this.#dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, 'ignore'],
      detached: true,
    })
    reap(child)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        process.kill(-(child.pid as number), 'SIGKILL')
        reject(new Error(`not ended after ${limit} ms`))
      }, limit)
      child.once('error', reject)
      child.once('exit', (code) => {
        clearTimeout(timer)
        resolve(code)
      })
    })
  }

  drop(): void {
    dropFolder(this.#dir)
  }

  #write(files: ReadonlyMap<string, string>): void {
    for (const [file, text] of files) writeFileSync(join(this.#dir, file), text)
    if ([...files.keys()].some((file) => file.startsWith('lua/'))) {
      this.#tool('lua/inline.mjs')
    }
  }

  #tool(...args: readonly string[]): void {
    execFileSync(process.execPath, args, { cwd: this.#dir })
  }
}

/** Exact, and once: a mutant whose text has moved on would otherwise test nothing. */
export function plant(text: string, { file, find, put }: Edit): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`${file} has this ${times} times, not once: ${JSON.stringify(find)}`)
  return text.replace(find, () => put)
}
