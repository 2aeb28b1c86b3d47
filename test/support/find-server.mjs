// Plain JavaScript: `.ci/prepare.mjs` asks the same question before anything is installed that could read TypeScript.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['redis-server', 'valkey-server']

/** The one line that cures its absence. A skip instead would be how green lies. */
export const NO_SERVER =
  'no redis-server or valkey-server found: `apt-get install -y redis-server`, or set REDIS_SERVER_BIN, or run `npm run test:unit`'

/**
 * The server to test against: $REDIS_SERVER_BIN, else the first of redis-server and valkey-server on PATH.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function findServer(env = process.env) {
  const named = env['REDIS_SERVER_BIN']
  if (named !== undefined && named !== '') {
    // What was asked for by name is not silently replaced by another server.
    if (!runs(named)) throw new Error(`REDIS_SERVER_BIN is ${named}, which cannot be run`)
    return named
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(runs)
  if (found === undefined) throw new Error(NO_SERVER)
  return found
}

/** @param {string} file */
function runs(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
