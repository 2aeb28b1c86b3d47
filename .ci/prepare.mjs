// Makes a fresh clone ready, with Node and npm alone: dependencies, the build and, with --redis, servers to test against.
// What is there already costs a look; nothing here needs an installed package.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findServer, NO_SERVER } from '../test/support/find-server.mjs'
import { getNewerServers } from './newer-servers.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Runs a command and shows what it printed only when it failed. */
function run(command, args, env = {}) {
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 }
  // npm is a batch file on Windows, and only a shell starts those.
  const result = spawnSync(command, args, { ...options, shell: process.platform === 'win32' })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  fail(`\`${[command, ...args].join(' ')}\` failed${result.error === undefined ? '' : `: ${result.error.message}`}`)
}

function fail(line) {
  process.stderr.write(`prepare: ${line}\n`)
  process.exit(1)
}

function say(line) {
  process.stderr.write(`prepare: ${line}\n`)
}

function readJson(...path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * npm's own note of what it installed, against the lock file: dates lie after a checkout, versions do not.
 * Packages for other platforms are in the lock file alone.
 */
function isInstalled() {
  const wanted = readJson('package-lock.json')?.packages
  const present = readJson('node_modules', '.package-lock.json')?.packages
  if (wanted === undefined || present === undefined) return false
  const names = new Set([...Object.keys(wanted), ...Object.keys(present)].filter((name) => name !== ''))
  return [...names].every((name) => {
    if (present[name] === undefined) return wanted[name].optional === true
    return wanted[name]?.version === present[name].version
  })
}

function newest(path) {
  const stat = statSync(join(ROOT, path), { throwIfNoEntry: false })
  if (stat === undefined) return 0
  // A folder's own date tells of a file that was removed from it.
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(join(ROOT, path)).map((name) => newest(join(path, name))))
}

function isBuilt() {
  const built = statSync(join(ROOT, 'dist', 'index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return ['src', 'lua', 'tsconfig.json'].every((path) => newest(path) <= built)
}

function hasServer() {
  try {
    findServer()
    return true
  } catch (error) {
    // A binary that was named and cannot be run is a mistake to tell, not a reason to install another.
    if (error.message !== NO_SERVER) fail(error.message)
    return false
  }
}

function installServer() {
  const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0
  const root = process.getuid?.() === 0
  if (!works('apt-get', '--version') || !(root || works('sudo', '-n', 'true'))) fail(NO_SERVER)
  say('installing redis-server with apt-get')
  const apt = (...args) => {
    const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
    if (root) run('apt-get', ['-qq', ...args], quiet)
    else run('sudo', ['-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args])
  }
  apt('update')
  apt('install', '-y', 'redis-server')
  if (!hasServer()) fail(NO_SERVER)
}

if (!isInstalled()) {
  say('installing dependencies (npm ci)')
  // No dependency of ours needs its install script, so none gets to run one.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
}
if (!isBuilt()) {
  say('building')
  run('npm', ['run', '--silent', 'build'])
}
if (process.argv.includes('--redis')) {
  if (!hasServer()) installServer()
  const why = getNewerServers()
  if (why !== undefined) say(`${why}. Tests that need it are skipped`)
}
