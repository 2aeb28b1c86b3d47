import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Order } from './child.js'

/** No run of the full bench takes a quarter of this; what takes longer hangs. */
const patience = 120_000

/**
 * The processes the works run in: a fresh one for each work, kept for all its turns, or, when time is short, one kept per
 * system. Two systems never share one.
 */
export class Processes {
  readonly #children = new Map<string, ChildProcess>()
  readonly #kept: boolean

  constructor({ kept }: { kept: boolean }) {
    this.#kept = kept
  }

  async ask(order: Order): Promise<Answer> {
    const child = this.#children.get(order.system) ?? start()
    const answer = await reply(child, order)
    // Some peers leave timers and sockets behind when they are closed; the figures are in, so nobody waits for them.
    const last = order.turn === order.turns - 1
    if ((last && !this.#kept) || 'error' in answer) {
      this.#children.delete(order.system)
      child.kill('SIGKILL')
    } else this.#children.set(order.system, child)
    return answer
  }

  end(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL')
  }
}

const start = (): ChildProcess =>
  fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--no-deprecation'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })

function reply(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve) => {
    const end = (answer: Answer) => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
      resolve(answer)
    }
    const onMessage = (answer: unknown) => end(answer as Answer)
    const onExit = (code: number | null) => end({ error: `the process ended with ${code}` })
    const timer = setTimeout(() => end({ error: `no answer in ${patience / 1_000} s` }), patience)
    child.on('message', onMessage).on('exit', onExit)
    child.send(order)
  })
}
