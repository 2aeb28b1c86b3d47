import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { reap } from '../support/reaper.js'
import { compiled } from './compiled.js'
import type { Part } from './part.js'

/** A queue lets its jobs end for 30 s at most when it is closed; then it must be gone. ms. */
const GONE_WITHIN = 60_000

/** A process that plays a part, as the harness sees it. */
export class Actor {
  readonly part: Part
  /** It has reached the server, or has given up to wait for it. */
  readonly ready: Promise<unknown>
  readonly #child: ChildProcess
  readonly #gone: Promise<unknown>

  constructor(part: Part, env: Readonly<Record<string, string>> = {}) {
    this.part = part
    this.#child = fork(compiled(), [JSON.stringify(part)], {
      // Ours compiles at its start, theirs need not.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    reap(this.#child)
    this.#gone = once(this.#child, 'exit')
    this.ready = Promise.race([once(this.#child, 'message'), this.#gone])
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }

  /** It kills itself by SIGKILL at a named point: inside the next handler, or right after it. */
  async die(point: 'inside' | 'after'): Promise<void> {
    this.#child.send(point)
    await this.#gone
  }

  /** The time as it sees it, ms since 1970. */
  async clock(): Promise<number> {
    const told = once(this.#child, 'message')
    this.#child.send('clock')
    const [time] = await told
    return Number(time)
  }

  /** SIGSTOP: it keeps its claims and its sockets, and does nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Tells it to stop and resolves with whether it has ended by itself. */
  async stop(): Promise<boolean> {
    if (!this.alive) return true
    this.#child.send('stop')
    let hung = false
    const timer = setTimeout(() => {
      hung = true
      this.#child.kill('SIGKILL')
    }, GONE_WITHIN)
    await this.#gone
    clearTimeout(timer)
    return !hung
  }
}
