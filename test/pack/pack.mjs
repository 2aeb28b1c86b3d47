// The package as its users get it: packed, installed into an empty project, and loaded both ways on every Node we support.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const NODES = ['20.20.2', '22.23.3', '24.21.0', '26.10.0']
const EXPECTED = [
  'dist/index.js',
  'dist/index.d.ts',
  'dist/heartbeat/index.js',
  'dist/heartbeat/index.d.ts',
  'dist/audit/index.js',
  'dist/audit/index.d.ts',
  'dist/events-log/index.js',
  'dist/events-log/index.d.ts',
  'dist/wait/index.js',
  'dist/wait/index.d.ts',
  'dist/schedule/index.js',
  'dist/schedule/index.d.ts',
  'package.json',
  'LICENSE',
  'CHANGELOG.md',
  'README.md',
]
const ALLOWED = /^(?:dist|src|lua)\/|^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md)$/

const LOADERS = {
  'import.mjs': `import { createQueue } from 'convoy-queue'\n`,
  'require.cjs': `const { createQueue } = require('convoy-queue')\n`,
}
const CHECK = `if (typeof createQueue !== 'function') throw new Error('createQueue is ' + typeof createQueue)\n`

/** Optional peers are not there: what needs none of them works, what does says so. */
const WITHOUT_PEERS = `
import { createQueue, memoryStore } from 'convoy-queue'
import { events } from 'convoy-queue/events'
import { every } from 'convoy-queue/schedule'
import { publishAndWait } from 'convoy-queue/wait'
const queue = createQueue('q', { store: memoryStore(), keepResult: 'PT1M' })
queue.process(() => 7)
const { result } = await publishAndWait(queue, 'a')
if (result !== 7) throw new Error('the result is ' + result)
await (await every(queue, 'b', 'PT1H')).close()
const code = await every(queue, 'c', '0 9 * * *').then(() => 'none', (error) => error.code)
if (code !== 'UNSUPPORTED') throw new Error('cron without croner: ' + code)
if (typeof events(queue)[Symbol.asyncIterator] !== 'function') throw new Error('events cannot be iterated')
await queue.close()
`

const dir = mkdtempSync(join(tmpdir(), 'convoy-pack-'))
try {
  const tarball = packTwice()
  const project = install(tarball)
  for (const version of NODES) load(project, version)
} finally {
  rmSync(dir, { recursive: true, force: true })
}

function say(line) {
  process.stdout.write(`pack: ${line}\n`)
}

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function pack(name) {
  const to = join(dir, name)
  mkdirSync(to)
  const [report] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', to], ROOT))
  return { file: join(to, report.filename), paths: report.files.map(({ path }) => path), size: report.size }
}

/** Two packs of one tree must be the same bytes: whoever doubts a release can build it again. */
function packTwice() {
  const [one, two] = [pack('one'), pack('two')]
  if (!readFileSync(one.file).equals(readFileSync(two.file))) throw new Error('two packs of one tree differ')
  const missing = EXPECTED.filter((path) => !one.paths.includes(path))
  if (missing.length > 0) throw new Error(`not in the package: ${missing.join(', ')}`)
  const strangers = one.paths.filter((path) => !ALLOWED.test(path))
  if (strangers.length > 0) throw new Error(`in the package, and should not be: ${strangers.join(', ')}`)
  say(`${one.paths.length} files, ${Math.round(one.size / 1024)} KiB, the same bytes twice`)
  return one.file
}

function install(tarball) {
  const project = join(dir, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n')
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball], project)
  for (const [name, code] of Object.entries(LOADERS)) writeFileSync(join(project, name), `${code}${CHECK}`)
  writeFileSync(join(project, 'without-peers.mjs'), WITHOUT_PEERS)
  say('installed into an empty project')
  return project
}

/** `node-<platform>-<arch>` carries the binary itself, where the package `node` fetches it in an install script. */
function load(project, version) {
  const major = version.split('.')[0]
  const same = process.versions.node.split('.')[0] === major
  const other = ['-y', '-p', `node-${process.platform}-${process.arch}@${version}`, 'node']
  const [command, args] = same ? [process.execPath, []] : ['npx', other]
  const was = run(command, [...args, '--version'], project).trim()
  if (!was.startsWith(`v${major}.`)) throw new Error(`asked for Node ${major}, got ${was}`)
  for (const name of [...Object.keys(LOADERS), 'without-peers.mjs']) run(command, [...args, name], project)
  say(`import and require work on Node ${was}, and the entries without their peers`)
}
