import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { reap } from '../support/reaper.js'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

export type Role = 'worker' | 'guard' | 'whole' | 'deaf' | 'idle' | 'publisher' | 'closes when told'

/** Another process of a queue, in one of the roles of `child.ts`. It does not outlive the test. */
export class Child {
  /** Every line it has printed, errors too. */
  readonly lines: string[] = []
  /** Resolves once it has said its last. */
  readonly silent: Promise<void>
  readonly #process: ChildProcess
  #ended = false
  readonly #lookers = new Set<() => void>()
  readonly #gone: Promise<[code: number | null, signal: NodeJS.Signals | null]>

  constructor(role: string, options: object, file = CHILD) {
    const args = ['--import', 'tsx', file, role, JSON.stringify(options)]
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    reap(this.#process)
    this.#gone = once(this.#process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (!stream) continue
      createInterface(stream).on('line', (line) => {
        this.lines.push(line)
        for (const look of [...this.#lookers]) look()
      })
    }
    // Not at `exit`: what it said last may still be in the pipe then.
    this.silent = once(this.#process, 'close').then(() => {
      this.#ended = true
      for (const look of [...this.#lookers]) look()
    })
  }

  /** Resolves with the first line that matches; rejects with all it said when it ends without one. */
  says(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = this.lines.find((one) => pattern.test(one))
        if (line === undefined && !this.#ended) return
        this.#lookers.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`the child ended and never said ${pattern}:\n${this.lines.join('\n')}`))
      }
      this.#lookers.add(look)
      look()
    })
  }

  /** One line to its standard input. */
  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  /** Resolves with the signal that ended it. */
  async kill(signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
    this.#process.kill(signal)
    return (await this.#gone)[1]
  }

  /** Resolves with its exit code once it has ended by itself. */
  async ends(): Promise<number | null> {
    return (await this.#gone)[0]
  }

  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill('SIGKILL')
  }
}

export function spawnChild(role: Role, options: object): Child {
  return spawnOther(CHILD, role, options)
}

/** One of another file than `child.ts`. */
export function spawnOther(file: string, role: string, options: object): Child {
  const child = new Child(role, options, file)
  onTestFinished(() => child.end())
  return child
}
