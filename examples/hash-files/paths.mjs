// @ts-check
// Which ID a path has, and which path an ID. A path is bytes; an ID is at most 1,024 bytes of well-formed UTF-8.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'

const LONGEST_ID = 1_024
const DERIVED = 'path-sha256:'

/**
 * The ID is the path below the root, so that the same file is the same job whoever publishes it. A path that cannot be
 * an ID (too long, not UTF-8) goes by `path-sha256:` and the SHA-256 of its bytes; those few are kept beside.
 */
export class Paths {
  #root
  #derived

  /** @param {string} root @param {Readonly<Record<string, string>>} derived ID → path below the root, base64 */
  constructor(root, derived = {}) {
    this.#root = root
    this.#derived = new Map(Object.entries(derived))
  }

  /** The ID of a path below the root. @param {Buffer} below @returns {string} */
  add(below) {
    const text = below.toString()
    if (below.length <= LONGEST_ID && isUtf8(below) && !text.startsWith(DERIVED)) return text
    const id = `${DERIVED}${createHash('sha256').update(below).digest('hex')}`
    this.#derived.set(id, below.toString('base64'))
    return id
  }

  /** Where the file is. @param {string} id @returns {string | Buffer} */
  at(id) {
    const below = this.#derived.get(id)
    if (below === undefined) return `${this.#root}/${id}`
    return Buffer.concat([Buffer.from(`${this.#root}/`), Buffer.from(below, 'base64')])
  }

  /** How many paths could not be IDs themselves. */
  get derived() {
    return this.#derived.size
  }

  /** What another process needs to read the same IDs. */
  toJSON() {
    return { root: this.#root, derived: Object.fromEntries(this.#derived) }
  }
}
