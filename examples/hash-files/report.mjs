// @ts-check
// The table that closes a run, and what was checked.
import { lstatSync } from 'node:fs'
import { count, counted, plain } from './screen.mjs'

/** @typedef {{ label: string, worker: string, held: string[] }} Crash who was killed, and what it held then */

/**
 * @typedef {object} Outcome
 * @property {import('./options.mjs').Options} options
 * @property {import('./walk.mjs').Found} found
 * @property {import('./paths.mjs').Paths} paths
 * @property {import('./tally.mjs').Tally} tally
 * @property {import('convoy-queue').Stats} stats
 * @property {string[]} failures `path: why`, as the queue kept them
 * @property {{ same: number, changed: number, wrong: string[] }} second what the second read found
 * @property {number} ms from the first publish until the queue was idle
 * @property {Crash | undefined} crashed
 */

/** Prints it; true when everything holds. @param {import('./screen.mjs').Screen} screen @param {Outcome} outcome */
export function report(screen, outcome) {
  const { tally, paths } = outcome
  const missing = tally.unhashed()
  const gone = missing.filter((id) => !lstatSync(paths.at(id), { throwIfNoEntry: false }))
  const left = missing.filter((id) => !gone.includes(id))
  screen.line()
  for (const [name, number, about] of rows(outcome, gone.length)) {
    screen.line(
      `  ${name.padEnd(10)} ${screen.paint('bold', number.padStart(11))}   ${screen.paint('dim', about)}`.trimEnd(),
    )
  }
  screen.line()
  const checks = checksOf(outcome, left)
  for (const { holds, text, names } of checks) {
    screen.line(`  ${holds ? screen.paint('green', '✓') : screen.paint('red', '✗')} ${text}`)
    for (const name of names.slice(0, 5)) screen.line(`      ${plain(name)}`)
    if (names.length > 5) screen.line(`      … and ${count(names.length - 5)} more`)
  }
  return checks.every(({ holds }) => holds)
}

/** @param {Outcome} outcome @param {number} gone @returns {[string, string, string][]} */
function rows({ options, found, paths, tally, stats, ms, crashed }, gone) {
  const { publishers, rounds, root } = options
  const seconds = ms / 1_000
  const skipped = [
    found.links > 0 ? counted(found.links, 'symbolic link') : '',
    found.special > 0 ? `${count(found.special)} neither file nor folder` : '',
    gone > 0 ? `${count(gone)} removed since` : '',
  ].filter(Boolean)
  const derived = paths.derived > 0 ? `, ${count(paths.derived)} under an ID derived from its path` : ''
  const each = options.crash ? `at least ${rounds}` : `${rounds}`
  return [
    ['files', count(tally.size), `${size(tally.bytes)} below ${root}${derived}`],
    ['publishes', count(tally.publishes), `${counted(publishers, 'publisher')}, every path ${each} times each`],
    ['absorbed', count(tally.absorbed), 'as duplicates: the path was in the queue at that moment'],
    ['queued', count(tally.queued), 'the others: each may run once'],
    ['runs', count(tally.runs), perWorker(tally, crashed)],
    ['failed', count(stats.totals.failed), ''],
    [
      'jammed',
      count(tally.jammed.length),
      tally.jammed.length > 0 ? 'recovered by the jam guard: each may run once more' : '',
    ],
    ['skipped', count(found.links + found.special + gone), skipped.join(', ')],
    ['jobs/s', count(tally.runs / seconds), `${size(tally.bytes / seconds)}/s, in ${seconds.toFixed(1)} s`],
  ]
}

/** @param {import('./tally.mjs').Tally} tally @param {Crash | undefined} crashed */
function perWorker({ byWorker }, crashed) {
  if (byWorker.size < 2) return ''
  const sorted = [...byWorker].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return sorted
    .map(([label, runs]) => `${label}${label === crashed?.label ? ', killed' : ''}: ${count(runs)}`)
    .join('; ')
}

/** @param {Outcome} outcome @param {string[]} left */
function checksOf({ found, tally, failures, second, crashed }, left) {
  const tooOften = tally.ranTooOften()
  const changed = second.changed > 0 ? `; ${counted(second.changed, 'file')} changed since` : ''
  const checks = [
    hashedCheck(tally, found.unreadable, left, failures),
    {
      holds: tooOften.length === 0,
      text: `${tooOften.length === 0 ? 'no path' : count(tooOften.length)} ran more often than it was let in`,
      names: tooOften,
    },
    {
      holds: second.wrong.length === 0,
      text: `${counted(second.same, 'hash', 'hashes')} confirmed by a second read${changed}`,
      names: second.wrong.map((id) => `${id}: another hash`),
    },
  ]
  return crashed ? [...checks, crashCheck(tally, crashed)] : checks
}

/** @param {import('./tally.mjs').Tally} tally @param {string[]} unreadable @param {string[]} left @param {string[]} failures */
function hashedCheck({ size: files }, unreadable, left, failures) {
  const faults = [
    files === 0 ? 'there was no file to hash' : '',
    left.length > 0 ? `${counted(left.length, 'file')} not hashed` : '',
    unreadable.length > 0 ? `${counted(unreadable.length, 'folder')} not readable` : '',
  ].filter(Boolean)
  const holds = faults.length === 0
  return {
    holds,
    text: holds ? 'every file was hashed' : faults.join(', '),
    names: holds ? [] : [...unreadable, ...(failures.length > 0 ? failures : left)],
  }
}

/** @param {import('./tally.mjs').Tally} tally @param {Crash} crashed */
function crashCheck(tally, { label, worker, held }) {
  const recovered = tally.jammed.filter((job) => job.worker === worker)
  const lost = held.filter((id) => !recovered.some((job) => job.id === id))
  const text = `${label} died holding ${counted(held.length, 'job')}: the jam guard recovered ${count(held.length - lost.length)}`
  return {
    holds: lost.length === 0,
    text,
    names: lost.length > 0 ? lost : recovered.map(({ id }) => `${id}: hashed by ${tally.hashedBy(id)}`),
  }
}

/** @param {number} bytes */
function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const number = bytes / 1_000 ** step
  return `${number >= 100 || step === 0 ? Math.round(number) : number.toFixed(1)} ${units[step]}`
}
