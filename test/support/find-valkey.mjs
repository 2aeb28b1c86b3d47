// Plain JavaScript, as its neighbour: `.ci/prepare.mjs` asks the same question.
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runs } from './find-server.mjs'

const NAME = 'valkey-server'

/** Where `.ci/valkey.mjs` unpacks it: nothing is installed, so it is in nobody's way. */
export const VALKEY = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/convoy-queue/valkey')

/** Why what needs it is skipped. */
export const NO_VALKEY = 'no valkey-server: `node .ci/valkey.mjs` says why, or set VALKEY_SERVER_BIN'

/**
 * A Valkey beside the server that all is tested against: $VALKEY_SERVER_BIN, that server if it is one, one on PATH, the one
 * that was unpacked.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findValkey(env = process.env) {
  const named = env['VALKEY_SERVER_BIN'] ?? ''
  // What was asked for by name is not silently replaced by another server.
  if (named !== '' && !runs(named)) throw new Error(`VALKEY_SERVER_BIN is ${named}, which cannot be run`)
  const tested = env['REDIS_SERVER_BIN'] ?? ''
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const places = [...folders, join(VALKEY, 'usr', 'bin')].map((folder) => join(folder, NAME))
  return [named, ...(basename(tested) === NAME ? [tested] : []), ...places].find((file) => file !== '' && runs(file))
}
