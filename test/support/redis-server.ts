import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_RULES } from './access.js'
import { selfSigned } from './certificate.js'
import { findServer } from './find-server.mjs'
import { freePort } from './free-port.js'
import type { Argument } from './raw-command.js'
import { dropFolder, keepFolder } from './reaper.js'
import { ServerProcess } from './server-process.js'

export interface RedisOptions {
  /** `unix` (default): a socket in the temp folder; `tcp`: a free port of the loopback; or the port itself. */
  readonly port?: 'unix' | 'tcp' | number
  /** Another server than the one all is tested against. */
  readonly binary?: string
  /** Words of a command that becomes the server (`ip netns exec …`, say). */
  readonly launcher?: readonly string[]
  /** More of redis-server's own arguments; they win over the defaults (no snapshot, no append-only file). */
  readonly args?: readonly string[]
  /** Where it keeps its files; made, and removed at `stop`, unless given. */
  readonly dir?: string
  /** `requirepass`; then also in `url`. */
  readonly password?: string
  /**
   * What whoever comes by `url` may do: words of ACL SETUSER. Unless told, what SECURITY.md grants to those who use a
   * queue, and nothing else. The test's own hand, `adminUrl` and `cli`, may do all.
   */
  readonly rules?: readonly string[]
  /** More of its environment (a library that is loaded first, say). */
  readonly env?: Readonly<Record<string, string>>
  /** Nothing but TLS on a TCP port, with a self-signed certificate: `ca` is what to trust. */
  readonly tls?: boolean
}

/** Who may do all, on every server: the test, and servers among each other. */
export const ADMIN = { username: 'admin', password: 'admin' } as const

/** For `rules`, where somebody who comes by `url` is to do more than a queue. */
export const EVERYTHING: readonly string[] = ['~*', '&*', '+@all']

export interface RedisServer {
  /** unix://…, redis://… or rediss://…, with the password: for the library. */
  readonly url: string
  /** For the test itself, who may do all. */
  readonly adminUrl: string
  readonly socketPath?: string
  readonly port?: number
  readonly ca?: string
  readonly dir: string
  /** Another one after `restart`. */
  readonly pid: number
  readonly running: boolean
  /** The last of what it printed. */
  readonly output: string
  /** A raw command over a connection of its own (RESP 2: what redis-cli would show). Errors reject. */
  cli<T = string>(...args: Argument[]): Promise<T>
  /** Resolves when the process is gone; SIGKILL unless told. The place stays: `restart` brings it back. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Ends it in order if it still runs, and starts it again at the same address, with the same files. */
  restart(): Promise<void>
  /** SIGSTOP: sockets stay open, nothing is answered. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** The end: process and temp folder are gone. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A real server of one's own. Resolves when it answers; rejects with its output when it cannot start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'convoy-redis-'))
  if (options.dir === undefined) keepFolder(dir)
  try {
    return await start(options, dir)
  } catch (error) {
    if (options.dir === undefined) dropFolder(dir)
    throw error
  }
}

async function start(options: RedisOptions, dir: string): Promise<RedisServer> {
  const wanted = options.port ?? (options.tls === true ? 'tcp' : 'unix')
  for (let attempt = 1; ; attempt++) {
    const place = locate(wanted === 'tcp' ? await freePort() : wanted, options, dir)
    const [program = '', ...words] = [...(options.launcher ?? []), options.binary ?? findServer(), ...place.args]
    const process = new ServerProcess(program, words, { ...place, url: place.adminUrl }, options.env)
    try {
      await process.start()
      return server(process, place, dir, options.dir === undefined)
    } catch (error) {
      // Between looking for a free port and taking it, somebody else may.
      if (wanted === 'tcp' && attempt < 5 && String(error).includes('in use')) continue
      throw error
    }
  }
}

interface Place {
  readonly url: string
  readonly adminUrl: string
  readonly args: readonly string[]
  readonly socketPath?: string
  readonly port?: number
  readonly ca?: string
}

function locate(port: number | 'unix', options: RedisOptions, dir: string): Place {
  const { password } = options
  const common = ['--dir', dir, '--save', '', '--appendonly', 'no', '--shutdown-timeout', '0', ...secured(options)]
  const extra = options.args ?? []
  const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  const admin = `${ADMIN.username}:${ADMIN.password}@`
  if (port === 'unix') {
    if (options.tls === true) throw new Error('a unix socket has no TLS')
    const socketPath = join(dir, 'r.sock')
    const url = `unix://${user}${socketPath}`
    const adminUrl = `unix://${admin}${socketPath}`
    return { url, adminUrl, socketPath, args: ['--port', '0', '--unixsocket', socketPath, ...common, ...extra] }
  }
  const bind = ['--bind', '127.0.0.1']
  if (options.tls !== true) {
    const [url = '', adminUrl = ''] = [user, admin].map((who) => `redis://${who}127.0.0.1:${port}`)
    return { url, adminUrl, port, args: ['--port', `${port}`, ...bind, ...common, ...extra] }
  }
  const { certFile, keyFile, ca } = selfSigned(dir)
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  const tls = ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no']
  const [url = '', adminUrl = ''] = [user, admin].map((who) => `rediss://${who}127.0.0.1:${port}`)
  return { url, adminUrl, port, ca, args: [...tls, ...bind, ...common, ...extra] }
}

/** Two users: one who comes without a name, and the test itself, as whom a replica comes to its master, too. */
function secured({ password, rules = ALL_RULES }: RedisOptions): readonly string[] {
  const login = password === undefined ? 'nopass' : `>${password}`
  const guest = ['--user', 'default', 'reset', 'on', login, ...rules]
  const { username, password: secret } = ADMIN
  const admin = ['--user', username, 'on', `>${secret}`, ...EVERYTHING]
  return [...guest, ...admin, '--masteruser', username, '--masterauth', secret]
}

function server(process: ServerProcess, place: Place, dir: string, ownDir: boolean): RedisServer {
  const stop = async (): Promise<void> => {
    await process.kill('SIGTERM')
    if (ownDir) dropFolder(dir)
  }
  return {
    url: place.url,
    adminUrl: place.adminUrl,
    dir,
    ...(place.socketPath === undefined ? {} : { socketPath: place.socketPath }),
    ...(place.port === undefined ? {} : { port: place.port }),
    ...(place.ca === undefined ? {} : { ca: place.ca }),
    get pid() {
      return process.pid
    },
    get running() {
      return process.running
    },
    get output() {
      return process.output
    },
    cli: (...args) => process.command(...args),
    kill: (signal) => process.kill(signal),
    restart: async () => {
      await process.kill('SIGTERM')
      await process.start()
    },
    pause: () => process.pause(),
    resume: () => process.resume(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
