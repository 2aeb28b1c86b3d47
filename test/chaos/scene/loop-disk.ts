import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lacking, tool } from './tools.js'

const NEEDED = { 'mkfs.ext4': 'e2fsprogs', mount: 'mount', losetup: 'mount', umount: 'mount', cp: 'coreutils' }

let known: { readonly why: string | undefined } | undefined

/** Why this machine can mount no file system of ours, if it cannot. Tried once, for real. */
export function whyNoDisk(): string | undefined {
  known ??= { why: tried() }
  return known.why
}

function tried(): string | undefined {
  const why = lacking(NEEDED)
  if (why !== undefined) return why
  try {
    new LoopDisk(8).remove()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const mounted = new Set<LoopDisk>()

// However this process ends, but for SIGKILL: a server that still stands on it keeps it until it is gone itself.
process.on('exit', () => {
  for (const disk of mounted) disk.remove('-l')
})

/** An ext4 file system in a file. What has reached the file has reached the disk; all else dies with the power. */
export class LoopDisk {
  readonly folder: string
  readonly #home: string
  readonly #image: string

  constructor(megabytes: number) {
    this.#home = mkdtempSync(join(tmpdir(), 'convoy-disk-'))
    this.#image = join(this.#home, 'image')
    this.folder = join(this.#home, 'disk')
    mkdirSync(this.folder)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, megabytes * 1_048_576)
    try {
      tool('mkfs.ext4', '-q', this.#image)
      this.#mount()
    } catch (error) {
      rmSync(this.#home, { recursive: true, force: true })
      throw error
    }
  }

  /** The disk as it is at this instant, without what the system still holds in memory. `restore` brings it back. */
  snapshot(): void {
    tool('cp', '--sparse=always', this.#image, this.#snapshot)
  }

  /** What is on the disk now is what was on it at the snapshot. Nobody may have a file of it open. */
  restore(): void {
    tool('umount', this.folder)
    tool('mv', this.#snapshot, this.#image)
    this.#mount()
  }

  remove(...how: readonly string[]): void {
    mounted.delete(this)
    tool('umount', ...how, this.folder)
    rmSync(this.#home, { recursive: true, force: true })
  }

  get #snapshot(): string {
    return `${this.#image}.cut`
  }

  #mount(): void {
    tool('mount', '-o', 'loop', this.#image, this.folder)
    mounted.add(this)
  }
}
