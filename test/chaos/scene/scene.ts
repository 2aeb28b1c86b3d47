import type { Argument } from '../../support/raw-command.js'
import type { Connect } from '../part.js'

/** The servers of a row, and the way to them. */
export interface Scene {
  /** What the processes are told. */
  readonly connect: Connect
  /** A raw command to the server that holds the queue now. */
  cli<T = string>(...args: Argument[]): Promise<T>
  stop(): Promise<void>
}
