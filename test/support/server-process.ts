import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Address, type Argument, rawClient, rawCommand } from './raw-command.js'
import { reap } from './reaper.js'

const READY_WITHIN = 15_000
const STOP_WITHIN = 5_000
const OUTPUT_KEPT = 4_000

/** One server or sentinel as a process: started when it answers, and never left behind. */
export class ServerProcess {
  readonly address: Address
  readonly #binary: string
  readonly #args: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #output = ''

  constructor(binary: string, args: readonly string[], address: Address, env: Readonly<Record<string, string>> = {}) {
    this.#binary = binary
    this.#args = args
    this.address = address
    this.#env = env
  }

  /** Of the running process; another one after a restart. */
  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('the server is not running')
    return pid
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output
  }

  /** Starts it and resolves when it has answered PING; rejects with its output when it ends instead. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the server is running')
    this.#output = ''
    const child = spawn(this.#binary, this.#args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    })
    this.#child = child
    reap(child)
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_KEPT)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    await this.#answer(child)
  }

  async #answer(child: ChildProcess): Promise<void> {
    const client = rawClient(this.address, 5)
    let timer: NodeJS.Timeout | undefined
    const ended = new Promise<never>((_, reject) => {
      const fail = (why: string): void => reject(new Error(`${this.#binary} ${why}:\n${this.#output}`))
      child.once('error', (error) => fail(error.message))
      // `close`, not `exit`: only then has its last word been read.
      child.once('close', (code, signal) => fail(`ended with ${code ?? signal} before it answered`))
      timer = setTimeout(() => fail(`did not answer within ${READY_WITHIN} ms`), READY_WITHIN)
    })
    try {
      await Promise.race([client.connect().then(() => pong(client)), ended])
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    } finally {
      // Nobody waits for it any more: without this a server stopped later would be an unhandled rejection.
      ended.catch(() => {})
      clearTimeout(timer)
      client.destroy()
    }
  }

  /** Sends the signal and resolves when the process is gone. Nothing happens when it is not running. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill(signal)
    // A stopped process does not hear SIGTERM until it goes on.
    if (signal !== 'SIGKILL') child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN)
    await gone
    clearTimeout(timer)
  }

  /** SIGSTOP: it keeps its sockets and answers nothing, as a server that hangs. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  command<T = string>(...args: Argument[]): Promise<T> {
    return rawCommand<T>(this.address, args)
  }
}

/** LOADING is an answer, but not yet a server. */
async function pong(client: ReturnType<typeof rawClient>): Promise<void> {
  for (;;) {
    try {
      await client.sendCommand(['PING'])
      return
    } catch (error) {
      if (!String(error).includes('LOADING')) throw error
    }
  }
}
