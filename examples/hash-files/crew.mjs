// @ts-check
// The workers: one in this process, or several processes of their own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startHasher } from './hasher.mjs'

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url))

/**
 * @typedef {object} Settings
 * @property {string} queue its name
 * @property {string} store a URL
 * @property {number} lease ms
 * @property {number} concurrency
 * @property {string} folder where the ledgers are kept
 * @property {import('./paths.mjs').Paths} paths
 */

/**
 * @typedef {object} Member
 * @property {string} label for people: worker 1, worker 2 …
 * @property {string} name as the queue knows it: in tokens, in `inspect()`, in what the jam guard tells
 * @property {string} ledger
 * @property {import('node:child_process').ChildProcess} [child]
 * @property {boolean} [doomed] we are about to kill it
 */

/**
 * @typedef {object} Crew
 * @property {readonly Member[]} members
 * @property {() => Promise<void>} close
 */

/** One worker, here. @param {import('convoy-queue').Queue} queue @param {Settings} settings @returns {Crew} */
export function startAlone(queue, { folder, paths, concurrency }) {
  const ledger = join(folder, '1.ledger')
  const { name, close } = startHasher(queue, { ledger, paths, concurrency })
  return { members: [{ label: 'worker 1', name, ledger }], close }
}

/**
 * `count` workers, each a process. `onLost` is told when one ends that should not.
 * @param {number} count @param {Settings} settings @param {(error: Error) => void} onLost
 * @returns {Promise<Crew>}
 */
export async function startCrew(count, settings, onLost) {
  const { folder, paths, ...rest } = settings
  const pathsFile = join(folder, 'paths.json')
  writeFileSync(pathsFile, JSON.stringify(paths))
  let closing = false
  const start = async (/** @type {unknown} */ _, /** @type {number} */ i) => {
    const label = `worker ${i + 1}`
    const ledger = join(folder, `${i + 1}.ledger`)
    const child = fork(WORKER, [JSON.stringify({ ...rest, pathsFile, ledger })])
    const gone = once(child, 'exit').then(([code, signal]) => new Error(`${label} ended with ${signal ?? code}`))
    const first = await Promise.race([once(child, 'message'), gone])
    if (first instanceof Error) throw first
    /** @type {Member & { child: import('node:child_process').ChildProcess }} */
    const member = { label, name: String(first[0]), ledger, child }
    void gone.then((error) => closing || member.doomed || onLost(error))
    return member
  }
  const started = await Promise.allSettled(Array.from({ length: count }, start))
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const close = async () => {
    closing = true
    const alive = members.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    await Promise.all(
      alive.map(async ({ child }) => {
        const gone = once(child, 'exit')
        if (child.connected) child.disconnect()
        await gone
      }),
    )
  }
  const failed = started.find((one) => one.status === 'rejected')
  if (failed === undefined) return { members, close }
  // Those that did start would keep us waiting for ever.
  await close()
  throw failed.reason
}
