// @ts-check
// The hashes of a sample, and of all that jammed, against a second read of the files.
import { compare } from './digest.mjs'

/** Reads at once. */
const AT_ONCE = 8

/** @param {import('./tally.mjs').Tally} tally @param {import('./paths.mjs').Paths} paths */
export async function secondRead(tally, paths) {
  /** @type {{ same: number, changed: number, wrong: string[] }} */
  const result = { same: 0, changed: 0, wrong: [] }
  const rest = tally.sample()[Symbol.iterator]()
  const reader = async () => {
    for (const { id, hash } of rest) {
      const found = await compare(paths.at(id), hash)
      if (found === 'wrong') result.wrong.push(id)
      else result[found]++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, reader))
  return result
}
