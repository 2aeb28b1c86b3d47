/**
 * Everything that can be thrown, by code. What can *happen* (a duplicate, a lost settle) is an answer and is not here.
 * The README's table is held equal to this one by a test.
 */
export const ERROR_CODES = {
  BAD_ID: 'an ID is not a well-formed, non-empty string of at most 1,024 bytes (or a safe integer)',
  BAD_NAME: 'a queue name or prefix is not 1 to 128 characters of A-Z a-z 0-9 _ . : -',
  BAD_OPTION: 'an option is unknown, of the wrong type or out of range',
  BAD_PAYLOAD:
    'a payload cannot be encoded, has more than 1 MiB, or cannot be decoded (then it is kept as the error of the failed ID)',
  BAD_RESULT: 'a result cannot be encoded or decoded, or has more than 1 MiB; its job is done all the same',
  BAD_REPORT: 'what a job tells of its progress, or a line it logs, is of the wrong type or has more than 4 KiB',
  BAD_HANDLER: 'a handler or callback is not a function, or a callback or logger threw',
  CLOSED: 'the queue was closed before the call',
  UNAVAILABLE: 'the server could not be reached in time; nothing was sent, so nothing has happened',
  OUTCOME_UNKNOWN:
    'the call was sent but its answer never came, or came for a part of it only (the text says so); it may or may not have happened, and may safely be repeated',
  REFUSED:
    'the server answered in time but would not do it (out of memory, read-only, loading …); nothing has happened',
  AUTH_FAILED: 'the server refused the user or the password, or the user may not run a command or touch a key',
  NOT_DURABLE:
    'the store may evict keys, or cannot give the durability asked for; nothing was written, and the text says what to change',
  UNSUPPORTED: 'the server is older than Redis 7.0, or the client given cannot do what was asked of it',
  WRONG_KEY: 'a key of the queue holds a value of another type; nothing was written',
  WRONG_LAYOUT: 'the queue was written by a version of this library with another layout',
  ABORTED: 'the wait was given up because its AbortSignal was aborted',
  JOB_FAILED: 'the job that was waited for failed, finally (what is kept of it is the `cause`)',
  WITHDRAWN: 'the job that was waited for was withdrawn or cleared away before it was done',
  FULL: 'the queue holds as many IDs as `maxLength` allows; nothing was stored',
  WAIT_TIMEOUT: 'the wait for a job took longer than its `timeout`; the job goes on',
  JOB_TIMEOUT: 'a handler ran longer than jobTimeout (kept as the error of the failed ID)',
  LEASE_LAPSED:
    'the lease of a job could not be renewed in time, so that it may soon run elsewhere (the reason of its signal)',
  STALLED: 'a worker has had no answer for half a lease (told by the error event; it goes on trying)',
  SUPERSEDED: 'a newer publish has taken the place of a running job (the reason of its signal)',
  SCHEDULE_GONE:
    'a schedule that this process keeps is not written down any more: another process took it out, or the server lost it (told by the error event; call `every` again where it is to go on)',
  JAMMED: 'the worker of an ID died or stalled more often than maxJams allows (kept as the error of the failed ID)',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** The one error class of the library. Branch on `code`; the text is for people and may change. */
export class ConvoyError extends Error {
  override readonly name = 'ConvoyError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string = ERROR_CODES[code], options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
