import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Single, single } from './single.js'
import { lacking, tool } from './tools.js'

const SHIM = fileURLToPath(new URL('./clock-shim.c', import.meta.url))

export interface Shifted extends Single {
  /** Redis's clock goes this many ms ahead of the machine's, from now on. */
  shift(ms: number): void
}

/** libfaketime is not used: redis-server dies under it at its start. */
export const whyNoShim = (): string | undefined => lacking({ cc: 'gcc' })

/** A server whose clock can be stepped while it runs. */
export async function shifted(): Promise<Shifted> {
  const home = mkdtempSync(join(tmpdir(), 'convoy-clock-'))
  const offset = join(home, 'offset')
  const shift = (ms: number): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(Math.round(ms * 1_000)))
    // In place, in one write: the server looks at it all the time.
    writeFileSync(offset, bytes, { flag: 'r+' })
  }
  writeFileSync(offset, Buffer.alloc(8))
  const library = join(home, 'shim.so')
  tool('cc', '-shared', '-fPIC', '-O2', '-o', library, SHIM)
  const scene = await single('everysec', { env: { LD_PRELOAD: library, CLOCK_OFFSET_FILE: offset } })
  const stop = async (): Promise<void> => {
    await scene.stop()
    rmSync(home, { recursive: true, force: true })
  }
  return { ...scene, shift, stop }
}
