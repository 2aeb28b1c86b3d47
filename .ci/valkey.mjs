// Gets a Valkey beside the Redis of this machine, for what only newer servers have (WAITAOF). Nothing is installed: the
// packages come from the machine's own mirror and are unpacked into a cache. Run by itself, it says what came of it.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findValkey, VALKEY } from '../test/support/find-valkey.mjs'

/** The name is in the first, the program in the second. */
const PACKAGES = ['valkey-server', 'valkey-tools']
/** Names the keys of its archive, where a Debian does not trust them for all sources. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** ms, for one call of apt. */
const PATIENCE = 60_000

/** Why there is none, in a line; `undefined` when there is one now. */
export function getValkey() {
  try {
    return findValkey() === undefined ? getByApt() : undefined
  } catch (error) {
    return error.message
  }
}

function getByApt() {
  if (run('apt-get', '--version') !== undefined) return 'there is no apt-get to get valkey-server with'
  mkdirSync(dirname(VALKEY), { recursive: true })
  // Whoever gets it at the same time has a folder of his own.
  const home = mkdtempSync(`${VALKEY}-`)
  try {
    const why = fetchInto(home)
    if (why !== undefined) return `valkey-server cannot be had: ${why}`
    rmSync(VALKEY, { recursive: true, force: true })
    renameSync(join(home, 'root'), VALKEY)
    return undefined
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** From the backports of this machine's release, a list of some kilobytes; else from wherever its own packages come from. */
function fetchInto(home) {
  writeFileSync(join(home, 'backports.list'), backports().join('\n'))
  const only = ['-o', `Dir::Etc::sourcelist=${join(home, 'backports.list')}`, '-o', 'Dir::Etc::sourceparts=-']
  let why
  for (const sources of [only, []]) {
    why = download(home, sources) ?? unpack(home)
    if (why === undefined) break
  }
  return why
}

/** As lines of a sources list. The mirror is the one that this machine's sources name. */
function backports() {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  const format = ['--no-release-info', '--format', '$(RELEASE) $(REPO_URI) $(COMPONENT)', 'Created-By: Packages']
  const targets = spawnSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' }).stdout ?? ''
  const keys = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : ''
  const own = targets.split('\n').map((line) => line.split(' '))
  const mirrors = own.filter(([name, , component]) => name === release && component === 'main').map(([, uri]) => uri)
  return [...new Set(mirrors)].map((uri) => `deb ${keys}${uri} ${release}-backports main`)
}

/** What apt knows and keeps stays as it is: lists and archives are in folders of ours. */
function download(home, sources) {
  const lists = mkdtempSync(join(home, 'lists-'))
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${lists}`, '-o', 'Acquire::Languages=none']
  const quiet = ['-qq', '-o', 'APT::Sandbox::User=', '-o', 'APT::Update::Post-Invoke=', '-o', 'Acquire::Retries=1']
  const apt = (...words) => runIn(home, 'apt-get', ...quiet, ...own, ...sources, ...words)
  return apt('update') ?? apt('download', ...PACKAGES)
}

function unpack(home) {
  const root = join(home, 'root')
  for (const file of readdirSync(home).filter((name) => name.endsWith('.deb'))) {
    const why = run('dpkg', '-x', join(home, file), root)
    if (why !== undefined) return why
  }
  // Its libraries are those of redis-server; where they are not, it says which is missing.
  return run(join(root, 'usr', 'bin', 'valkey-server'), '--version')
}

/** What went wrong, in a line. */
function runIn(cwd, command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: PATIENCE })
  if (status === 0) return undefined
  return error?.message ?? `${command}: ${(stderr.trim().split('\n').at(-1) ?? '').slice(0, 300)}`
}

function run(command, ...args) {
  return runIn(undefined, command, ...args)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = getValkey()
  process.stdout.write(`${why ?? findValkey()}\n`)
  process.exitCode = why === undefined ? 0 : 1
}
