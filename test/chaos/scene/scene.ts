import type { Durability } from '../../../src/index.js'
import type { Argument } from '../../support/raw-command.js'
import type { Connect, RoleName } from '../part.js'

/** The servers of a row, and the way to them. */
export interface Scene {
  /** What the processes are told. */
  readonly connect: Connect
  /** A raw command to the server that holds the queue now. */
  cli<T = string>(...args: Argument[]): Promise<T>
  /** The folder of an append-only file that holds every effect there was, where there is one server that writes one. */
  readonly aof?: string
  /** What publishers ask their answers to be worth. */
  readonly durability?: Durability
  /** More of the environment of workers. */
  readonly workerEnv?: Readonly<Record<string, string>>
  /** The version of the library that the next of them runs: a module. Absent, or undefined: this one. */
  libraryFor?(role: RoleName): string | undefined
  stop(): Promise<void>
}
