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
  readonly #members: ChildProcess[] = []

  /** One after the other: many processes that compile at the same time starve the server they want to reach. */
  static async gather(processes: number, task: Task): Promise<Crew> {
    const crew = new Crew()
    for (let at = 0; at < processes; at++) {
      const member = fork(fileURLToPath(new URL('./member.ts', import.meta.url)), {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      crew.#members.push(member)
      await ask(member, task)
    }
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

  #all(message: string): Promise<unknown[]> {
    return Promise.all(this.#members.map((member) => ask(member, message)))
  }
}

function ask(member: ChildProcess, message: object | string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error('a member of the crew ended before it answered'))
    member.once('exit', end)
    member.once('message', (answer) => {
      member.off('exit', end)
      resolve(answer)
    })
    member.send(message)
  })
}
