import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from './certificate.js'
import { findServer } from './find-server.mjs'
import { freePort } from './free-port.js'
import type { Argument } from './raw-command.js'
import { dropFolder, keepFolder } from './reaper.js'
import { ServerProcess } from './server-process.js'

export interface RedisOptions {
  /** `unix` (default): a socket in the temp folder; `tcp`: a free port of the loopback; or the port itself. */
  readonly port?: 'unix' | 'tcp' | number
  /** More of redis-server's own arguments; they win over the defaults (no snapshot, no append-only file). */
  readonly args?: readonly string[]
  /** Where it keeps its files; made, and removed at `stop`, unless given. */
  readonly dir?: string
  /** `requirepass`; then also in `url`. */
  readonly password?: string
  /** Nothing but TLS on a TCP port, with a self-signed certificate: `ca` is what to trust. */
  readonly tls?: boolean
}

export interface RedisServer {
  /** unix://…, redis://… or rediss://…, with the password. */
  readonly url: string
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
    const process = new ServerProcess(findServer(), place.args, place)
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
  readonly args: readonly string[]
  readonly socketPath?: string
  readonly port?: number
  readonly ca?: string
}

function locate(port: number | 'unix', options: RedisOptions, dir: string): Place {
  const secret = options.password === undefined ? [] : ['--requirepass', options.password]
  const common = ['--dir', dir, '--save', '', '--appendonly', 'no', '--shutdown-timeout', '0', ...secret]
  const extra = options.args ?? []
  const user = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`
  if (port === 'unix') {
    if (options.tls === true) throw new Error('a unix socket has no TLS')
    const socketPath = join(dir, 'r.sock')
    const url = `unix://${user}${socketPath}`
    return { url, socketPath, args: ['--port', '0', '--unixsocket', socketPath, ...common, ...extra] }
  }
  const bind = ['--bind', '127.0.0.1']
  if (options.tls !== true) {
    return { url: `redis://${user}127.0.0.1:${port}`, port, args: ['--port', `${port}`, ...bind, ...common, ...extra] }
  }
  const { certFile, keyFile, ca } = selfSigned(dir)
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  const tls = ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no']
  return { url: `rediss://${user}127.0.0.1:${port}`, port, ca, args: [...tls, ...bind, ...common, ...extra] }
}

function server(process: ServerProcess, place: Place, dir: string, ownDir: boolean): RedisServer {
  const stop = async (): Promise<void> => {
    await process.kill('SIGTERM')
    if (ownDir) dropFolder(dir)
  }
  return {
    url: place.url,
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
