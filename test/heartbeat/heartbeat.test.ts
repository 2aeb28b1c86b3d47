import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heartbeat } from '../../src/heartbeat/index.js'
import { createQueue, type Queue } from '../../src/index.js'
import { reap } from '../support/reaper.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { until } from '../support/until.js'

/** ms. Long against what a busy machine does to a thread. */
const LEASE = 2_000
const BUSY = 3 * LEASE

let server: RedisServer
/** The tests run side by side, each mostly waiting for a lease. */
const queues: Queue[] = []

beforeAll(async () => {
  server = await startRedis({ port: 'tcp' })
})

afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()))
  await server.stop()
})

interface Line {
  readonly run?: string
  readonly end?: string
  readonly aborted?: boolean
  readonly lost?: string
  readonly lag?: number
  readonly told?: string
  readonly closed?: true
}

/** One blocked worker in a process of its own, and a queue of ours that watches. */
async function scene(options: {
  beating: boolean
  jobTimeout?: number
  guarded?: boolean
  busy?: number
  concurrency?: number
}) {
  const { beating, jobTimeout = 0, guarded = true, busy = BUSY, concurrency = 1 } = options
  const name = `beat${Math.random().toString(36).slice(2)}`
  const queue = createQueue(name, { store: server.url, lease: LEASE })
  queues.push(queue)
  const jammed: string[] = []
  if (guarded) queue.jamGuard({ every: 50 }, (jobs) => jammed.push(...jobs.map(({ id }) => id)))
  const args = JSON.stringify({ url: server.url, name, lease: LEASE, busy, beating, jobTimeout, concurrency })
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('./blocker.mjs', import.meta.url)), args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  reap(child)
  const lines: Line[] = []
  if (child.stdout) createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line))
  const said = (what: keyof Line): Line[] => lines.filter((line) => what in line)
  const close = async (): Promise<unknown> => {
    const gone = once(child, 'exit')
    child.stdin?.write('close\n')
    await gone
    return child.exitCode
  }
  return { queue, jammed, said, close }
}

const PATIENT = { timeout: 60_000 }

test.concurrent('a handler that blocks for three leases runs once, and the stand-still is told', PATIENT, async () => {
  const { queue, jammed, said, close } = await scene({ beating: true })
  await queue.publish('a')
  await queue.idle()
  await until('the lag is told', async () => said('lag').length > 0)
  await until('what onLag threw is told', async () => said('told').length > 0)
  expect(said('told')).toContainEqual({ told: 'BAD_HANDLER' })
  expect(await close()).toBe(0)
  expect(said('run')).toEqual([{ run: 'a' }])
  expect(said('end')).toEqual([{ end: 'a', aborted: false }])
  expect(said('lost')).toEqual([])
  expect(jammed).toEqual([])
  // One stand-still from the handler's begin to its end, but for the twelfths of a lease at which it is looked at.
  expect(said('lag').at(-1)?.lag).toBeGreaterThan(BUSY / 2)
  expect((await queue.stats()).totals).toMatchObject({ done: 1, jammed: 0, lost: 0 })
})

test.concurrent(
  'without it a sweep takes the job, and the settlement of the blocked run is lost',
  PATIENT,
  async () => {
    const { queue, jammed, said } = await scene({ beating: false })
    await queue.publish('a')
    await until('it is told', async () => said('lost').length > 0)
    expect(jammed[0]).toBe('a')
    expect((await queue.stats()).totals.lost).toBeGreaterThan(0)
  },
)

test.concurrent('without it, and without a sweep, the late settlement is accepted', PATIENT, async () => {
  const { queue, said } = await scene({ beating: false, guarded: false })
  await queue.publish('a')
  await queue.idle()
  expect(said('run')).toHaveLength(1)
  expect((await queue.stats()).totals).toMatchObject({ done: 1, lost: 0 })
})

test.concurrent('jobTimeout bounds what it covers: a handler that blocks for longer jams', PATIENT, async () => {
  const { queue, jammed } = await scene({ beating: true, jobTimeout: LEASE / 2, busy: 2 * BUSY })
  await queue.publish('a')
  await until('it is taken', async () => jammed.length > 0)
  expect(jammed).toEqual(['a'])
})

// After the others: so many that keep a core busy at once would leave none for their threads.
test(
  'jobTimeout is for each: handlers that block one after the other in one turn, none for too long, run once',
  PATIENT,
  async () => {
    // The loop stands still for more than twice as long as the thread is to hold for one.
    const { queue, jammed, said, close } = await scene({
      beating: true,
      jobTimeout: 2 * LEASE,
      busy: 1.5 * LEASE,
      concurrency: 3,
    })
    await queue.publishMany(['a', 'b', 'c'])
    await queue.idle()
    await until('the lag is told', async () => said('lag').length > 0)
    expect(await close()).toBe(0)
    expect(said('run')).toEqual([{ run: 'a' }, { run: 'b' }, { run: 'c' }])
    expect(said('lost')).toEqual([])
    expect(jammed).toEqual([])
    expect(said('lag').at(-1)?.lag).toBeGreaterThan(4 * LEASE)
    expect((await queue.stats()).totals).toMatchObject({ done: 3, jammed: 0, lost: 0 })
  },
)

test('what is no Redis is refused', () => {
  for (const url of ['memory:', 'http://x']) {
    expect(() => heartbeat({ url })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  }
  expect(() => heartbeat({ onLagg: () => {} } as never)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining("'onLag'") }),
  )
  expect(() => heartbeat({ onLag: 'no' as never })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
