import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Address } from '../server.js'

/** What a member of a crew is told at its start: so many queue objects of one name, a worker on each. */
export interface Task {
  readonly address: Address
  readonly queue: string
  readonly workers: number
  readonly concurrency: number
  readonly prefetch: number
  /** How long a job takes, ms; 0 = it does nothing. */
  readonly jobTime: number
}

/** What it tells when asked: jobs of each of its workers, and when the last one began (ms since 1970). */
export interface Tally {
  readonly counts: readonly number[]
  readonly last: number
}

/** Processes that work on one queue. They claim from `start` on, all at once. */
export class Crew {
  readonly #members: readonly ChildProcess[]

  private constructor(members: readonly ChildProcess[]) {
    this.#members = members
  }

  static async gather(processes: number, task: Task): Promise<Crew> {
    const members = Array.from({ length: processes }, () =>
      fork(fileURLToPath(new URL('./member.ts', import.meta.url)), {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    )
    const crew = new Crew(members)
    await crew.#all(task)
    return crew
  }

  start(): Promise<unknown> {
    return this.#all('start')
  }

  tally(): Promise<Tally[]> {
    return this.#all('tally') as Promise<Tally[]>
  }

  async dismiss(): Promise<void> {
    await Promise.all(
      this.#members.map(async (member) => {
        const gone = once(member, 'exit')
        member.send('end')
        await gone
      }),
    )
  }

  #all(message: object | string): Promise<unknown[]> {
    return Promise.all(
      this.#members.map(async (member) => {
        member.send(message)
        const [answer] = await once(member, 'message')
        return answer as unknown
      }),
    )
  }
}
