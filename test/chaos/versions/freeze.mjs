// Keeps the library as it is in the folder this is called from, for the row `two-versions` of all versions to come:
// node test/chaos/versions/freeze.mjs 0.2.0. One file, JSON by brotli: the text of each module of `dist` by its path.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

const [name] = process.argv.slice(2)
if (name === undefined || !/^[\w.-]+$/.test(name)) throw new Error('usage: freeze.mjs NAME')
/** Entries of their own: what workers, guards and publishers do is in the others. */
const ENTRIES = /^(?:audit|events-log|heartbeat|schedule|wait)\//
const folder = mkdtempSync(join(tmpdir(), 'convoy-freeze-'))
try {
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
  const how = ['--removeComments', '--outDir', folder]
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', ...how], { stdio: 'inherit' })
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const modules = files.filter((file) => file.endsWith('.js') && !ENTRIES.test(file)).sort()
  const texts = modules.map((file) => [file, readFileSync(join(folder, file), 'utf8')])
  const frozen = brotliCompressSync(JSON.stringify(Object.fromEntries(texts)))
  writeFileSync(new URL(`${name}.json.br`, import.meta.url), frozen)
  console.log(`${name}.json.br: ${modules.length} modules, ${frozen.length} bytes`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
