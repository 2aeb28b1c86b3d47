// @ts-check
// The whole job: walk, publish, hash, guard, watch, judge.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueue } from 'convoy-queue'
import { crash } from './crash.mjs'
import { startAlone, startCrew } from './crew.mjs'
import { removeKeys } from './leftovers.mjs'
import { Paths } from './paths.mjs'
import { publishAll } from './publishers.mjs'
import { report } from './report.mjs'
import { count, counted, plain } from './screen.mjs'
import { secondRead } from './second-read.mjs'
import { Tally } from './tally.mjs'
import { walk } from './walk.mjs'
import { watch } from './watch.mjs'

/** ms. Short when a worker is to be killed: what it holds waits until its lease lapses. */
const LEASE = { calm: 30_000, crash: 2_000 }
const GUARD_EVERY = 500

/**
 * @typedef {object} Stage
 * @property {import('./options.mjs').Options} options
 * @property {import('./screen.mjs').Screen} screen
 * @property {AbortController} stop
 * @property {import('convoy-queue').Queue} queue
 * @property {import('./paths.mjs').Paths} paths
 * @property {readonly string[]} ids
 * @property {Tally} tally
 * @property {import('./crew.mjs').Settings} settings
 */

/**
 * True when everything holds.
 * @param {import('./options.mjs').Options} options
 * @param {import('./screen.mjs').Screen} screen
 * @param {AbortController} stop ends it early; nothing is left behind then either
 */
export async function run(options, screen, stop) {
  const { root, store, concurrency } = options
  const found = await walk(root)
  const paths = new Paths(root)
  const ids = found.files.map((path) => paths.add(path))
  const tally = new Tally(ids)
  const name = `hash-files-${randomBytes(3).toString('hex')}`
  const lease = options.crash ? LEASE.crash : LEASE.calm
  const queue = createQueue(name, { store, lease })
  // After the walk, or the ledgers would be among the files.
  const folder = mkdtempSync(join(tmpdir(), 'convoy-hash-files-'))
  try {
    await queue.ready({ timeout: 'PT5S', signal: stop.signal })
    try {
      const settings = { queue: name, store, lease, concurrency, folder, paths }
      const { ms, crashed } = await work({ options, screen, stop, queue, paths, ids, tally, settings })
      const [stats, failures, second] = [await queue.stats(), await failuresOf(queue), await secondRead(tally, paths)]
      return report(screen, { options, found, paths, tally, stats, failures, second, ms, crashed })
    } finally {
      await queue.clear()
      await removeKeys(store, name)
    }
  } finally {
    await queue.close({ timeout: 0 })
    rmSync(folder, { recursive: true })
  }
}

/** From the first publish until nothing is committed. @param {Stage} stage */
async function work(stage) {
  const { options, screen, stop, queue, ids, tally, settings } = stage
  const { workers, concurrency, publishers } = options
  const { signal } = stop
  const who = workers === 0 ? `a worker of ${concurrency}` : `${counted(workers, 'worker')} of ${concurrency}`
  screen.line(`${counted(ids.length, 'file')}, ${counted(publishers, 'publisher')}, ${who}, on ${place(options.store)}`)
  const crew =
    workers === 0 ? startAlone(queue, settings) : await startCrew(workers, settings, (error) => stop.abort(error))
  const watching = watch(crew.members, tally, screen)
  const attending = attend(stage)
  const begun = performance.now()
  try {
    /** @type {import('./report.mjs').Crash | undefined} */
    let crashed
    const crashing = async () => {
      const victim = crew.members[1]
      if (!options.crash || !victim) return
      const held = await crash(queue, victim, tally, signal)
      crashed = { label: victim.label, worker: victim.name, held }
      const pid = victim.child?.pid
      const text = `SIGKILL to ${victim.label} (pid ${pid}), which holds ${counted(held.length, 'job')}`
      screen.line(screen.paint('red', text))
    }
    // Until the crash has come there must be work, so the publishers go on for that long.
    const goOn = (/** @type {number} */ round) => round < options.rounds || (options.crash && !crashed)
    const onVerdicts = (/** @type {readonly import('convoy-queue').Verdict[]} */ verdicts) => tally.verdicts(verdicts)
    await Promise.all([publishAll(queue, ids, { count: publishers, goOn, signal, onVerdicts }), crashing()])
    await queue.idle({ signal })
    return { ms: performance.now() - begun, crashed }
  } catch (error) {
    // Whichever of them failed, the others end too.
    stop.abort(error)
    throw error
  } finally {
    await crew.close()
    await attending.close()
    watching.end()
  }
}

/** Jam guard, stats log and events. @param {Stage} stage */
function attend({ screen, queue, tally }) {
  const guard = queue.jamGuard({ every: GUARD_EVERY }, (jobs) => {
    tally.jams(jobs)
    const names = jobs.slice(0, 3).map(({ id }) => plain(id))
    const more = jobs.length > names.length ? ` and ${count(jobs.length - names.length)} more` : ''
    screen.line(screen.paint('yellow', `jam guard: recovered ${names.join(', ')}${more}`))
  })
  const log = queue.logStats({ every: 1_000, logger: { info: (_, text) => screen.line(screen.paint('dim', text)) } })
  queue.on('suspended', ({ message }) => screen.line(screen.paint('red', `the server is away: ${message}`)))
  queue.on('resumed', () => screen.line(screen.paint('green', 'the server is back')))
  queue.on('error', ({ code, message }) => screen.line(screen.paint('red', `${code}: ${message}`)))
  return {
    async close() {
      await Promise.all([guard.close(), log.close()])
    },
  }
}

/** `path: why` of every ID that failed. @param {import('convoy-queue').Queue} queue */
async function failuresOf(queue) {
  const failures = []
  for (let cursor = /** @type {number | null} */ (0); cursor !== null; ) {
    const page = await queue.list('failed', { cursor, limit: 1_000 })
    for (const { id, error } of await queue.inspectMany(page.ids)) failures.push(`${id}: ${error?.message}`)
    cursor = page.cursor
  }
  return failures
}

/** A store as it may be shown: without user and password. @param {string} store */
function place(store) {
  const { protocol, host, pathname } = new URL(store)
  return host === '' ? `${protocol}${pathname}` : `${protocol}//${host}${pathname}`
}
