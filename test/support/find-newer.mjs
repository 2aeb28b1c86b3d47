// Plain JavaScript, as its neighbour: `.ci/prepare.mjs` asks the same question.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where `.ci/newer-servers.mjs` unpacks them: nothing is installed, so they are in nobody's way. */
export const NEWER = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/convoy-queue/servers')

/** Why what needs one is skipped. */
export const NO_NEWER = 'none here: `node .ci/newer-servers.mjs` says why'

/** From this one on. */
const LEAST = 8

/**
 * A server of this kind and of version 8 at least, beside the one that all is tested against: that one itself, one on PATH,
 * the one that was unpacked.
 * @param {'Redis' | 'Valkey'} kind
 * @returns {string | undefined}
 */
export function findNewer(kind, env = process.env) {
  const tested = env['REDIS_SERVER_BIN'] ?? ''
  const folders = [...(env['PATH'] ?? '').split(delimiter), join(NEWER, 'bin')]
  const files = [tested, ...folders.map((folder) => join(folder, `${kind.toLowerCase()}-server`))]
  return files.find((file) => file !== '' && existsSync(file) && isNewer(kind, file))
}

/** @param {string} kind @param {string} file */
function isNewer(kind, file) {
  const said = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  return Number(new RegExp(`^${kind} server v=(\\d+)`).exec(said)?.[1] ?? 0) >= LEAST
}
