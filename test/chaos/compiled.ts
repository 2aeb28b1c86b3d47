import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tool } from './scene/tools.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const HOME = join(ROOT, 'node_modules/.cache/convoy-queue')
const HOW = ['--ignoreConfig', '--noCheck', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']

let made: string | undefined

/**
 * `play.ts` as plain JavaScript, with all it imports: compiled once for all processes of a run. Compiled by each at its
 * start it would take a second of a core away from those that play already, two hundred times.
 */
export function compiled(): string {
  made ??= compile()
  return join(made, 'test/chaos/play.js')
}

function compile(): string {
  mkdirSync(HOME, { recursive: true })
  // Where the packages it imports are found.
  const folder = mkdtempSync(join(HOME, 'chaos-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const play = join(ROOT, 'test/chaos/play.ts')
  tool(process.execPath, TSC, play, ...HOW, '--rootDir', ROOT, '--outDir', folder)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return folder
}
