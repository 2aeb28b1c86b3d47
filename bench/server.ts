import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'

/** Where a system finds the server. Some peers take only host and port, so everybody gets loopback TCP. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly url: string
}

export interface Server {
  readonly address: Address
  readonly version: string
  stop(): Promise<void>
}

/**
 * A Redis of our own on a free loopback port, without persistence. Everything in it may be flushed, since nobody else
 * knows it. `REDIS_SERVER_BIN` names another binary (say, a Valkey).
 */
export async function startServer(): Promise<Server> {
  const binary = process.env['REDIS_SERVER_BIN'] ?? 'redis-server'
  const directory = await mkdtemp(join(tmpdir(), 'convoy-bench-'))
  const port = await freePort()
  const options = { bind: '127.0.0.1', port, save: '', appendonly: 'no', dir: directory, 'enable-debug-command': 'yes' }
  const child = spawn(
    binary,
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const kill = () => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', kill)
  // Without a listener a signal ends the process before 'exit' is told, and the server would outlive it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  await listening(child, binary)
  const address = { host: '127.0.0.1', port, url: `redis://127.0.0.1:${port}` }
  const control = await connect(address)
  const version = (await control.info('server')).match(/(?:valkey|redis)_version:(\S+)/)?.[1] ?? 'unknown'
  await control.close()
  return {
    address,
    version,
    async stop() {
      process.off('exit', kill)
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A plain client for the bench itself: INFO, FLUSHALL and the raw limit. Never used to flatter or hinder a system. */
export async function connect({ host, port }: Address) {
  const client = createClient({
    socket: { host, port, reconnectStrategy: false },
    // node-redis makes a timer and a listener per command for its default time-out: about 12 µs each.
    commandOptions: { timeout: undefined as unknown as number },
  })
  client.on('error', () => {})
  await client.connect()
  return client
}
export type Control = Awaited<ReturnType<typeof connect>>

/** The numbers of one section of INFO. */
export async function info(control: Control, section: string): Promise<Record<string, string>> {
  const lines = (await control.info(section)).split('\r\n').filter((line) => line.includes(':'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

/** CPU Redis has used, in µs. */
export async function serverCpu(control: Control): Promise<number> {
  const cpu = await info(control, 'cpu')
  return (Number(cpu['used_cpu_user']) + Number(cpu['used_cpu_sys'])) * 1e6
}

/** Calls of every command so far, those made inside scripts included: what Redis really has to do. */
export async function commandCalls(control: Control): Promise<Record<string, number>> {
  const stats = await info(control, 'commandstats')
  return Object.fromEntries(
    Object.entries(stats).map(([name, text]) => [
      name.replace('cmdstat_', ''),
      Number(text.match(/calls=(\d+)/)?.[1] ?? 0),
    ]),
  )
}

/**
 * Bytes that go when the keys go: with their table and the allocator's rounding, which MEMORY USAGE leaves out, and
 * without the buffers of connections, which used_memory has in it. The keys are gone then.
 */
export async function bytesFreed(control: Control, remove: () => Promise<unknown>): Promise<number> {
  const used = async () => Number((await info(control, 'memory'))['used_memory'])
  const before = await used()
  await remove()
  return before - (await used())
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

function listening(child: ChildProcess, binary: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', (cause) =>
      reject(new Error(`cannot start ${binary}: install it, or set REDIS_SERVER_BIN`, { cause })),
    )
    child.once('exit', (code) => reject(new Error(`${binary} ended with ${code}:\n${said}`)))
    child.stdout?.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000)
      if (said.includes('Ready to accept connections')) resolve()
    })
  })
}
