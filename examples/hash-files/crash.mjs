// @ts-check
// Kills a worker at the worst moment: in the middle, while it holds jobs, and provably so.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE = 60_000

/**
 * Waits until a third of the files is hashed, and the worker has had some of them; then kills it.
 * @param {import('convoy-queue').Queue} queue
 * @param {import('./crew.mjs').Member} member
 * @param {import('./tally.mjs').Tally} tally
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>} the IDs it held when it died
 */
export async function crash(queue, member, tally, signal) {
  const { label, name, child } = member
  if (child === undefined) throw new Error('only a worker with a process of its own can be killed')
  while (tally.hashed * 3 < tally.size || !tally.byWorker.has(label)) await pause(20, undefined, { signal })
  for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(20, undefined, { signal })) {
    const held = await heldWhileStopped(queue, name, child)
    if (held.length > 0) {
      const gone = once(child, 'exit')
      member.doomed = true
      child.kill('SIGKILL')
      await gone
      return held
    }
    child.kill('SIGCONT')
  }
  throw new Error(`${label} held nothing for ${PATIENCE / 1_000} s: there was no moment to kill it at`)
}

/**
 * What a process that was stopped holds, it cannot settle any more. What it had sent before is on its way, though: so a
 * second look, a moment later, must find the same. Nothing, if it does not.
 * @param {import('convoy-queue').Queue} queue @param {string} name @param {import('node:child_process').ChildProcess} child
 */
async function heldWhileStopped(queue, name, child) {
  child.kill('SIGSTOP')
  try {
    const first = await claimsOf(queue, name)
    if (first.length === 0) return []
    await pause(50)
    const second = await claimsOf(queue, name)
    return second.join('\n') === first.join('\n') ? second : []
  } catch (error) {
    child.kill('SIGCONT')
    throw error
  }
}

/** @param {import('convoy-queue').Queue} queue @param {string} worker */
async function claimsOf(queue, worker) {
  const { ids } = await queue.list('processing', { limit: 1_000 })
  const infos = await queue.inspectMany(ids)
  return infos.filter(({ claim }) => claim?.worker === worker).map(({ id }) => id)
}
