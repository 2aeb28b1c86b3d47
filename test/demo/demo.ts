import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../house/sources.js'
import { reap } from '../support/reaper.js'

const MAIN = join(ROOT, 'examples/hash-files/main.mjs')
const PLANT = new URL('./plant.mjs', import.meta.url)

export interface Ran {
  readonly code: number | null
  /** What it printed on both streams. */
  readonly output: string
  /** The number in the row of the closing table. */
  row(name: string): number
}

export interface Settings {
  /** A URL; else memory. */
  readonly store?: string
  /** What `plant.mjs` does to which file. */
  readonly plant?: `${'unreadable' | 'vanish' | 'other' | 'fall'}:${string}`
  /** Sends SIGINT once the output matches. */
  readonly interruptAt?: RegExp
}

/** Runs the demo as `npm start` does, until it ends. */
export async function demo(args: readonly string[], { store, plant, interruptAt }: Settings = {}): Promise<Ran> {
  const { CONVOY_STORE: _, REDIS_URL: __, ...env } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      ...env,
      ...(store === undefined ? {} : { REDIS_URL: store }),
      ...(plant === undefined ? {} : { PLANT: plant, NODE_OPTIONS: `--import ${PLANT.href}` }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  reap(child)
  // A test that gave up must not leave it at work; its workers end once they hear nothing from it.
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  let interrupted = false
  const hear = (chunk: string): void => {
    output += chunk
    if (interrupted || !interruptAt?.test(output)) return
    interrupted = true
    child.kill('SIGINT')
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const row = (name: string): number => {
    const [, number = ''] = new RegExp(`^ {2}${name} +([\\d,]+)`, 'm').exec(output) ?? []
    return Number(number.replaceAll(',', '') || Number.NaN)
  }
  return { code, output, row }
}

/** A folder with these files, gone after the test. A number makes that many more. */
export function folder(files: Readonly<Record<string, string>>, more = 0): string {
  const dir = mkdtempSync(join(tmpdir(), 'convoy-demo-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const extra = Array.from({ length: more }, (_, i): [string, string] => [`more/${i}.txt`, `file ${i}`])
  for (const [name, text] of [...Object.entries(files), ...extra]) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}
