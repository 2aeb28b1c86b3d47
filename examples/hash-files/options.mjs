// @ts-check
// The command line: what may be asked for, and one clear line when it may not.
import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** The project's own folder: real input that every clone has. */
const HERE = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** @type {Readonly<Record<string, { fallback: number, least: number, most: number }>>} */
const NUMBERS = {
  workers: { fallback: 0, least: 1, most: 64 },
  concurrency: { fallback: 16, least: 1, most: 1_000 },
  publishers: { fallback: 4, least: 1, most: 64 },
  rounds: { fallback: 5, least: 1, most: 1_000 },
}
const NAMES = [...Object.keys(NUMBERS), 'crash', 'help']

export const HELP = `npm start -- [DIR] [options]

Hashes every file below DIR (default: this project with its node_modules) through a queue: several publishers publish
each path again and again, workers compute its SHA-256, and what the queue promised is checked at the end.

  --workers N      workers as N processes of their own, on Redis (default: one worker in this process)
  --crash          kill one of them with SIGKILL while it holds jobs (with --workers 3 unless told)
  --concurrency N  files a worker hashes at once (${NUMBERS['concurrency']?.fallback})
  --publishers N   publishers at work side by side (${NUMBERS['publishers']?.fallback})
  --rounds N       how often each of them publishes every path (${NUMBERS['rounds']?.fallback})
  --help           this text

Store: CONVOY_STORE, else REDIS_URL, else memory:. For example REDIS_URL=redis://localhost:6379 npm start -- --crash

Exit code: 0 when every file was hashed, no path ran more often than it was answered "queued" (and jammed), and a second
read found the same hashes. 1 when not: also when a file cannot be read, or there is none. A file that is removed while
we work is told, and is no failure. 2 when the command line is wrong.`

/**
 * @typedef {object} Options
 * @property {string} root absolute
 * @property {string} store a URL
 * @property {number} workers processes; 0 for a worker in this one
 * @property {boolean} crash
 * @property {number} concurrency
 * @property {number} publishers
 * @property {number} rounds
 * @property {boolean} help
 */

/** A mistake on the command line: told in one line, exit code 2. */
export class UsageError extends Error {}

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Options} */
export function readOptions(args, env) {
  const text = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: /** @type {const} */ ('string') }]))
  const flag = /** @type {const} */ ({ type: 'boolean' })
  const { values, positionals } = parseArgs({
    args,
    options: { ...text, crash: flag, help: { ...flag, short: 'h' } },
    allowPositionals: true,
    // Not strict: the refusals below say what was meant.
    strict: false,
  })
  for (const name of Object.keys(values)) if (!NAMES.includes(name)) throw new UsageError(unknown(name))
  for (const name of ['crash', 'help']) {
    if (typeof values[name] === 'string') throw new UsageError(`--${name} takes no value`)
  }
  const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, number(name, values[name])]))
  const { workers = 0, concurrency = 1, publishers = 1, rounds = 1 } = numbers
  const crash = values['crash'] === true
  const options = {
    root: root(positionals),
    store: env['CONVOY_STORE'] || env['REDIS_URL'] || 'memory:',
    workers: workers === 0 && crash ? 3 : workers,
    crash,
    concurrency,
    publishers,
    rounds,
    help: values['help'] === true,
  }
  refuseImpossible(options)
  return options
}

/** @param {Options} options */
function refuseImpossible({ store, workers, crash, help }) {
  if (help) return
  const which = crash ? '--crash' : '--workers'
  if (workers > 0 && store === 'memory:') {
    throw new UsageError(`${which} needs Redis, since memory: is seen by this process alone: set REDIS_URL`)
  }
  if (crash && workers < 2) throw new UsageError('--crash needs at least two workers: one to kill, one to go on')
  if (crash && process.platform === 'win32')
    throw new UsageError('--crash stops a process by a signal that Windows lacks')
}

/** @param {string} name @param {unknown} value */
function number(name, value) {
  const { fallback, least, most } = NUMBERS[name] ?? { fallback: 0, least: 0, most: 0 }
  if (value === undefined) return fallback
  const given = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (given >= least && given <= most) return given
  const what = typeof value === 'string' ? `'${value}'` : 'nothing'
  throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, not ${what}`)
}

/** @param {string[]} positionals */
function root(positionals) {
  const [first = HERE, second] = positionals
  if (second !== undefined) throw new UsageError(`one directory at a time: '${first}' or '${second}'?`)
  if (statSync(first, { throwIfNoEntry: false })?.isDirectory()) return resolve(first)
  throw new UsageError(`'${first}' is not a directory`)
}

/** @param {string} name */
function unknown(name) {
  const near = NAMES.map((known) => ({ known, far: distance(name, known) })).sort((a, b) => a.far - b.far)[0]
  const hint = near && near.far <= 3 ? `did you mean --${near.known}?` : `there are --${NAMES.join(', --')}`
  return `there is no option ${name.length === 1 ? '-' : '--'}${name}: ${hint}`
}

/** Letters to change, add or drop. @param {string} a @param {string} b */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
    }
    row = next
  }
  return row[b.length] ?? 0
}
