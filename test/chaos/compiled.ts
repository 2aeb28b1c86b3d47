import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { tool } from './scene/tools.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const HOME = join(ROOT, 'node_modules/.cache/convoy-queue')
const HOW = ['--ignoreConfig', '--noCheck', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']

let made: string | undefined
const thawed = new Map<string, string>()

/**
 * `play.ts` as plain JavaScript, with all it imports: compiled once for all processes of a run. Compiled by each at its
 * start it would take a second of a core away from those that play already, two hundred times.
 */
export function compiled(): string {
  made ??= compile()
  return join(made, 'test/chaos/play.js')
}

/** A version of the library that was kept by `versions/freeze.mjs`: its folder, beside the packages that it imports. */
export function frozen(name: string): string {
  made ??= compile()
  const folder = thawed.get(name) ?? join(made, name)
  if (thawed.has(name)) return folder
  const texts = brotliDecompressSync(readFileSync(new URL(`versions/${name}.json.br`, import.meta.url)))
  for (const [path, text] of Object.entries(JSON.parse(String(texts)) as Record<string, string>)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  thawed.set(name, folder)
  return folder
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
