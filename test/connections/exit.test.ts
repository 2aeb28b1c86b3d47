import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { reap } from '../support/reaper.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { freshName } from './kit.js'

/** ms: a worker's last words, and the patience of what was in flight. */
const BOUND = 9_000

const LEAVER = fileURLToPath(new URL('leaver.ts', import.meta.url))

interface Scene {
  /** What becomes of the server before the process closes its queue. */
  readonly before: (server: RedisServer) => unknown
  readonly url?: string
}

const SCENES: Readonly<Record<string, Scene>> = {
  'is there': { before: () => {} },
  'was killed': { before: (server) => server.kill() },
  hangs: { before: (server) => server.pause() },
  'was never there': { before: () => {}, url: 'redis://127.0.0.1:1' },
}

interface Outcome {
  readonly said: string
  readonly code: unknown
  readonly ms: number
  /** Connections left at the server, where it can be asked. */
  readonly left: number
}

/** A process with a queue at work is told to close it, and is waited for until it has ended. */
async function play({ before, url }: Scene, server: RedisServer): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', LEAVER, url ?? server.url, freshName()], { stdio: 'pipe' })
  reap(child)
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
      if (said.includes('open')) resolve()
    })
    child.once('exit', () => reject(new Error(`it ended: ${said}`)))
  })
  await before(server)
  const began = performance.now()
  child.stdin.end('close\n')
  const [code] = await once(child, 'exit')
  const ms = performance.now() - began
  if (server.running) server.resume()
  const left = server.running ? (String(await server.cli('CLIENT', 'LIST')).match(/^id=/gm)?.length ?? 0) - 1 : 0
  return { said, code, ms, left }
}

const outcomes = new Map<string, Outcome>()

beforeAll(async () => {
  const started = Object.entries(SCENES).map(async ([name, scene]) => {
    await using server = await startRedis({ port: 'tcp' })
    outcomes.set(name, await play(scene, server))
  })
  await Promise.all(started)
}, 60_000)

test.each(Object.keys(SCENES))('a process ends by itself after close() when the server %s', (name) => {
  const outcome = outcomes.get(name)
  expect(outcome).toMatchObject({ said: 'open\nclosed\n', code: 0, left: 0 })
  expect(outcome?.ms).toBeLessThan(BOUND)
})

test('and at once when the server can be told', () => {
  expect(outcomes.get('is there')?.ms).toBeLessThan(BOUND / 3)
})
