/** What a process does until it is told to stop. */
export interface Role {
  /** Begins; what comes back ends it, before the queue is closed. */
  start(): () => Promise<void>
  /** Promises of the library that have not settled. */
  pending(): number
}
