import { findServer } from './find-server.mjs'

/** Fails the whole project, with the cure, before its first test. Every file starts servers of its own from this binary. */
export default function setup(): void {
  process.env['REDIS_SERVER_BIN'] = findServer()
}
