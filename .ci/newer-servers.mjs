// Gets a Redis 8 and a Valkey 8 beside the server of this machine, for what older ones have not. Nothing is installed, and
// what apt knows stays as it is: packages of a newer Debian, from the machine's own mirror, are unpacked into a cache with
// the libraries they run on. Run by itself, it says what came of it.
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
import { findNewer, NEWER } from '../test/support/find-newer.mjs'

/** The Debian that has both. */
const SUITE = 'trixie'
const SERVERS = ['redis-server', 'valkey-server']
/** The programs are in the tools; the rest is what they are linked with. */
const PACKAGES = [
  ...['redis-server', 'redis-tools', 'valkey-server', 'valkey-tools'],
  ...['libatomic1', 'libc6', 'libcap2', 'libgcc-s1', 'libjemalloc2', 'liblzf1', 'libssl3t64', 'libstdc++6'],
  ...['libsystemd0', 'libzstd1', 'zlib1g'],
]
/** Holds the keys of Debian's archive. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** ms, for one call of apt. */
const PATIENCE = 60_000

/** Why one is missing, in a line; `undefined` when both are there. */
export function getNewerServers() {
  if (findNewer('Redis') !== undefined && findNewer('Valkey') !== undefined) return undefined
  mkdirSync(dirname(NEWER), { recursive: true })
  // Whoever gets them at the same time has a folder of his own.
  const home = mkdtempSync(`${NEWER}-`)
  try {
    fetchInto(home)
    rmSync(NEWER, { recursive: true, force: true })
    renameSync(home, NEWER)
    return undefined
  } catch (error) {
    return `Redis 8 and Valkey 8 cannot be had beside this server: ${error.message}`
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function fetchInto(home) {
  const source = join(home, 'newer.list')
  writeFileSync(source, `deb [signed-by=${KEYRING}] ${mirror()} ${SUITE} main\n`)
  const lists = join(home, 'lists')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  const sources = ['-o', `Dir::Etc::sourcelist=${source}`, '-o', 'Dir::Etc::sourceparts=-']
  const own = [...sources, '-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${home}`]
  const quiet = ['-qq', '-o', 'APT::Sandbox::User=', '-o', 'APT::Update::Post-Invoke=', '-o', 'Acquire::Languages=none']
  const apt = (...words) => run(home, 'apt-get', ...quiet, ...own, ...words)
  apt('update', '--error-on=any')
  apt('download', ...PACKAGES.map((name) => `${name}/${SUITE}`))
  const fetched = readdirSync(home).filter((name) => name.endsWith('.deb'))
  for (const file of fetched) run(home, 'dpkg', '-x', file, join(home, 'root'))
  wrap(home)
  for (const name of readdirSync(home))
    if (!['bin', 'root'].includes(name)) rmSync(join(home, name), { recursive: true })
}

/** By the loader they were unpacked with: this machine's may be too old for them. */
function wrap(home) {
  const libraries = readdirSync(join(home, 'root/usr/lib')).filter((name) => name.endsWith('-linux-gnu'))
  const folder = `root/usr/lib/${libraries[0]}`
  const loader = readdirSync(join(home, folder)).find((name) => /^ld-linux.*\.so/.test(name))
  mkdirSync(join(home, 'bin'))
  for (const name of SERVERS) {
    const start = `"$here/${folder}/${loader}" --argv0 ${name} --library-path "$here/${folder}" "$here/root/usr/bin/${name}"`
    const script = `#!/bin/sh\nhere=$(dirname "$0")/..\nexec ${start} "$@"\n`
    writeFileSync(join(home, 'bin', name), script, { mode: 0o755 })
    run(home, join(home, 'bin', name), '--version')
  }
}

/** Where this machine's own packages come from. */
function mirror() {
  const system = readFileSync('/etc/os-release', 'utf8')
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(system)?.[1]
  if (!/^ID=debian$/m.test(system) || !existsSync(KEYRING)) throw new Error('this is no Debian')
  const format = ['--no-release-info', '--format', '$(RELEASE) $(COMPONENT) $(REPO_URI)', 'Created-By: Packages']
  const targets = run('/', 'apt-get', 'indextargets', ...format).split('\n')
  const found = targets.map((line) => line.split(' ')).find(([name, part]) => name === release && part === 'main')
  if (found === undefined) throw new Error(`apt has no source for ${release} main`)
  return found[2]
}

function run(cwd, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: PATIENCE })
  if (status === 0) return stdout
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? ''
  throw new Error(`${command}: ${why.slice(0, 300)}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = getNewerServers()
  process.stdout.write(`${why ?? `${findNewer('Redis')}\n${findNewer('Valkey')}`}\n`)
  process.exitCode = why === undefined ? 0 : 1
}
