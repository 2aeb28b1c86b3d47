import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, tool } from './tools.js'

const SHIM = fileURLToPath(new URL('./clock-shim.c', import.meta.url))

/** libfaketime is not used: redis-server dies under it at its start. */
export const whyNoShim = (): string | undefined => lacking({ cc: 'gcc' })

/** A clock of its own for processes that are started with `env`. */
export class ShiftedClock {
  readonly env: Readonly<Record<string, string>>
  readonly #home = mkdtempSync(join(tmpdir(), 'convoy-clock-'))
  readonly #offset = join(this.#home, 'offset')

  constructor() {
    const library = join(this.#home, 'shim.so')
    writeFileSync(this.#offset, Buffer.alloc(8))
    tool('cc', '-shared', '-fPIC', '-O2', '-o', library, SHIM)
    this.env = { LD_PRELOAD: library, CLOCK_OFFSET_FILE: this.#offset }
  }

  /** It goes this many ms ahead of the machine's, from now on. */
  shift(ms: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(Math.round(ms * 1_000)))
    // In place, in one write: the processes look at it all the time.
    writeFileSync(this.#offset, bytes, { flag: 'r+' })
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}
