// @ts-check
// What a worker did, on paper: one file per worker, one line per event. A line is written before the work goes on and in
// one call, so it outlives the SIGKILL of its writer; a message to the parent might not.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/**
 * @typedef {['start', string] | ['hash', string, string, number, number]} Line
 *   an ID whose handler began; an ID with its SHA-256, and the file's size and date at that time
 */

export class LedgerWriter {
  #file

  /** @param {string} path */
  constructor(path) {
    this.#file = openSync(path, 'a')
  }

  /** @param {Line} line */
  write(line) {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  close() {
    closeSync(this.#file)
  }
}

/** Reads on from where it was: for the progress while the writer lives, and for the truth once it does not. */
export class LedgerReader {
  #path
  #at = 0
  #rest = Buffer.alloc(0)

  /** @param {string} path */
  constructor(path) {
    this.#path = path
  }

  /** What has been written since the last call. @returns {Generator<Line>} */
  *read() {
    const file = openSync(this.#path, 'a+')
    try {
      const piece = Buffer.allocUnsafe(1 << 20)
      for (let size = -1; size !== 0; this.#at += size) {
        size = readSync(file, piece, 0, piece.length, this.#at)
        yield* this.#lines(piece.subarray(0, size))
      }
    } finally {
      closeSync(file)
    }
  }

  /** @param {Buffer} piece @returns {Generator<Line>} */
  *#lines(piece) {
    const text = Buffer.concat([this.#rest, piece])
    let from = 0
    for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, from)) {
      yield JSON.parse(text.toString('utf8', from, end))
      from = end + 1
    }
    this.#rest = text.subarray(from)
  }
}
