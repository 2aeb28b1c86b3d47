// @ts-check
// Publishers: each publishes every path again and again, in an order of its own, as if the events came from all over.
import { setImmediate as turn } from 'node:timers/promises'

/** IDs a publisher gives out before it lets others have a turn of this process. */
const TURN = 250

/**
 * @typedef {object} Settings
 * @property {number} count how many publishers
 * @property {(round: number) => boolean} goOn asked before each round of each of them; the first is 0
 * @property {AbortSignal} signal ends them within a round
 * @property {(verdicts: readonly import('convoy-queue').Verdict[]) => void} onVerdicts
 */

/**
 * @param {import('convoy-queue').Queue} queue
 * @param {readonly string[]} ids
 * @param {Settings} settings
 */
export async function publishAll(queue, ids, { count, goOn, signal, onVerdicts }) {
  const publisher = () => queue.publishMany(rounds(ids, goOn, signal), { onVerdicts })
  await Promise.all(Array.from({ length: count }, publisher))
}

/** @param {readonly string[]} ids @param {Settings['goOn']} goOn @param {AbortSignal} signal */
async function* rounds(ids, goOn, signal) {
  for (let round = 0; goOn(round); round++) {
    let given = 0
    for (const id of shuffled(ids)) {
      if (given++ % TURN === 0) await turn()
      if (signal.aborted) return
      yield id
    }
  }
}

/** Fisher and Yates. @template T @param {readonly T[]} items @returns {T[]} */
function shuffled(items) {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const item = /** @type {T} */ (copy[i])
    copy[i] = /** @type {T} */ (copy[j])
    copy[j] = item
  }
  return copy
}
