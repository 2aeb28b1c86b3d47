// @ts-check
// SHA-256 of a file, twice: as a job computes it, and as a judge who does not trust the job.
import { createHash, webcrypto } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'

const PIECE = 65_536
// Had the file become a pipe since the walk, opening it would wait for a writer; had it become a link, it were another file.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Piece by piece: a file of any size takes 64 KiB.
 * @param {string | Buffer} path
 * @param {{ readonly signal: AbortSignal }} job its signal is looked at between pieces, so not at all for a small file
 */
export async function digest(path, job) {
  const file = await open(path, FLAGS)
  try {
    // Looked at first: a change while we read then shows as one, and not as a wrong hash.
    const { mtimeMs } = await file.stat()
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafe(PIECE)
    let size = 0
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE)
      if (bytesRead === 0) return { sha256: hash.digest('hex'), size, mtimeMs }
      hash.update(piece.subarray(0, bytesRead))
      size += bytesRead
      if (bytesRead === PIECE) job.signal.throwIfAborted()
    }
  } finally {
    await file.close()
  }
}

/**
 * A second, independent look: the whole file at once, through another implementation of SHA-256.
 * @param {string | Buffer} path
 * @param {{ sha256: string, size: number, mtimeMs: number }} before
 * @returns {Promise<'same' | 'changed' | 'wrong'>} changed: the file is not what it was, so nothing can be said
 */
export async function compare(path, before) {
  try {
    const sha256 = Buffer.from(await webcrypto.subtle.digest('SHA-256', await readFile(path))).toString('hex')
    if (sha256 === before.sha256) return 'same'
    const { size, mtimeMs } = await stat(path)
    return size === before.size && mtimeMs === before.mtimeMs ? 'wrong' : 'changed'
  } catch {
    return 'changed'
  }
}
