import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { expect, test } from 'vitest'
import { startRedis } from './redis-server.js'
import { until } from './until.js'

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a server on a unix socket answers, keeps nothing on disk, and leaves nothing behind', async () => {
  const redis = await startRedis()
  const { pid, dir, socketPath } = redis
  expect(redis.url).toBe(`unix://${socketPath}`)
  expect(await redis.cli('PING')).toBe('PONG')
  expect(await redis.cli('CONFIG', 'GET', 'save')).toEqual(['save', ''])
  expect(await redis.cli('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'no'])
  await redis.stop()
  expect([redis.running, alive(pid), existsSync(dir)]).toEqual([false, false, false])
})

test('two servers on TCP get ports of their own, of the loopback only', async () => {
  await using one = await startRedis({ port: 'tcp' })
  await using two = await startRedis({ port: 'tcp' })
  expect(one.port).not.toBe(two.port)
  expect(one.url).toBe(`redis://127.0.0.1:${one.port}`)
  expect(await one.cli('SET', 'k', 1)).toBe('OK')
  expect(await two.cli('GET', 'k')).toBe(null)
  expect(await two.cli('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1'])
})

test('a killed server is away until its restart, at the same address', async () => {
  await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const { url, pid } = redis
  await redis.cli('SET', 'k', 'kept')
  await redis.kill()
  expect(redis.running).toBe(false)
  await expect(redis.cli('PING')).rejects.toThrow(/ECONNREFUSED|ENOENT/)
  await redis.restart()
  expect([redis.url, redis.pid === pid]).toEqual([url, false])
  expect(await redis.cli('GET', 'k')).toBe('kept')
})

test('a paused server takes the command and answers after it goes on', async () => {
  await using redis = await startRedis()
  redis.pause()
  let answered = false
  const reply = redis.cli('PING').then((text) => {
    answered = true
    return text
  })
  await until('the process is stopped', async () => {
    return /^State:\s*T/m.test(await readFile(`/proc/${redis.pid}/status`, 'utf8'))
  })
  expect(answered).toBe(false)
  redis.resume()
  expect(await reply).toBe('PONG')
})

test('a paused server can be stopped', async () => {
  const redis = await startRedis()
  const { pid } = redis
  redis.pause()
  await redis.stop()
  expect(alive(pid)).toBe(false)
})

test('a password is asked for, and is in the URL', async () => {
  await using redis = await startRedis({ port: 'tcp', password: 'p:a@s/s w' })
  expect(await redis.cli('PING')).toBe('PONG')
  const url = `redis://127.0.0.1:${redis.port}`
  const stranger = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {})
  await expect(stranger.connect()).rejects.toThrow('NOAUTH')
})

test('a TLS server is trusted by its own certificate and by no other', async () => {
  await using redis = await startRedis({ tls: true })
  expect(redis.url).toBe(`rediss://127.0.0.1:${redis.port}`)
  expect(await redis.cli('PING')).toBe('PONG')
  const stranger = createClient({ url: redis.url, socket: { tls: true, reconnectStrategy: false } }).on(
    'error',
    () => {},
  )
  await expect(stranger.connect()).rejects.toThrow('self-signed certificate')
})

test('a server that cannot start says why', async () => {
  await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow('no-such-option')
})

test('a server does not outlive a test process that is killed', async () => {
  const here = dirname(fileURLToPath(import.meta.url))
  const code = `
    import { startRedis } from ${JSON.stringify(join(here, 'redis-server.ts'))}
    startRedis().then((redis) => { console.log(redis.pid + ' ' + redis.dir); process.stdin.resume() })
  `
  // Not the command `tsx`: that is a process above the one to kill.
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', code]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const [pid, dir] = line.toString().trim().split(' ')
  expect(alive(Number(pid))).toBe(true)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  // A killed process whose parent has gone may stay a zombie until somebody collects it: dead is what counts.
  await until('the server is dead', async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: Z')
    return /^State:\s*Z/m.test(status)
  })
  await rm(dir ?? '', { recursive: true, force: true })
})
