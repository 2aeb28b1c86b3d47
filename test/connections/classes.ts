import { expect, test } from 'vitest'
import type { ConvoyError, Queue } from '../../src/index.js'
import { type Clock, systemClock } from '../../src/time.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { callOf, closedLater, failureOf, News } from './kit.js'

/**
 * Every class of answer, one by one: real servers behind proxies that refuse the next publishes in its name, as it
 * would itself: unexecuted. What is refused by real servers for real reasons is in refusals, access and moved-master.
 */
type Row = readonly [
  error: string,
  /** How it is gone on with, and what the caller is told when that is of no use for 400 ms. */
  how: 'at once' | 'after a pause' | 'on a new wire' | 'not at all',
  code: ConvoyError['code'],
]

export const ROWS: readonly Row[] = [
  ['NOSCRIPT No matching script. Please use EVAL.', 'at once', 'UNAVAILABLE'],
  ['LOADING Redis is loading the dataset in memory', 'after a pause', 'REFUSED'],
  [
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'after a pause',
    'REFUSED',
  ],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'after a pause', 'REFUSED'],
  ['CLUSTERDOWN The cluster is down', 'after a pause', 'REFUSED'],
  ['NOREPLICAS Not enough good replicas to write.', 'after a pause', 'REFUSED'],
  [
    'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.',
    'after a pause',
    'REFUSED',
  ],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'after a pause', 'REFUSED'],
  ['ERR max number of clients reached', 'after a pause', 'REFUSED'],
  [
    `ERR Script killed by user with SCRIPT KILL... script: ${'a'.repeat(40)}, on @user_script:1.`,
    'after a pause',
    'REFUSED',
  ],
  ["READONLY You can't write against a read only replica.", 'on a new wire', 'REFUSED'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'on a new wire', 'REFUSED'],
  ['NOAUTH Authentication required.', 'not at all', 'AUTH_FAILED'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'not at all', 'AUTH_FAILED'],
  ["NOPERM this user has no permissions to run the 'evalsha' command", 'not at all', 'AUTH_FAILED'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'not at all', 'WRONG_KEY'],
  // From within a script, before Redis 7.2 and since.
  [
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
    'not at all',
    'AUTH_FAILED',
  ],
  ['ERR ACL failure in script: No permissions to access a key', 'not at all', 'AUTH_FAILED'],
  // A value that is damaged: it ran up to there, and would again.
  [`ERR hash value is not an integer script: ${'a'.repeat(40)}, on @user_script:9.`, 'not at all', 'OUTCOME_UNKNOWN'],
  [
    `ERR user_script:9: attempt to index a nil value script: ${'a'.repeat(40)}, on @user_script:9.`,
    'not at all',
    'OUTCOME_UNKNOWN',
  ],
  // Not listed anywhere: it may have run.
  ['ERR something that no version of this library has heard of', 'after a pause', 'OUTCOME_UNKNOWN'],
  ['WHATEVER comes next', 'after a pause', 'OUTCOME_UNKNOWN'],
]

/** The real one, that notes what is waited for, and waits without chance. */
export class NotingClock implements Clock {
  readonly #waits: number[] = []
  readonly now = systemClock.now
  readonly clearTimer = systemClock.clearTimer

  random(): number {
    return 0.5
  }

  setTimer(run: () => void, ms: number): unknown {
    this.#waits.push(ms)
    return systemClock.setTimer(run, ms)
  }

  /** Short waits since the last look: deadlines are longer. */
  pauses(): number[] {
    return this.#waits.splice(0).filter((ms) => ms < 100)
  }
}

/** The pauses before it is gone on with, once refused; what a new wire takes is told elsewhere. */
export const PAUSES: Partial<Readonly<Record<Row[1], readonly number[]>>> = {
  'at once': [],
  'after a pause': [10],
  'not at all': [],
}

/** One way to reach a server. */
export interface Way {
  /** Who cuts a wire that is of no use: a client of the caller's is not ours to cut. */
  readonly ours: boolean
  /** A queue with so many ms of patience, whose store goes by this clock, and the proxy before the server that holds it. */
  open(publishTimeout: number, clock: Clock): Promise<{ readonly queue: Queue; readonly proxy: TcpProxy }>
}

async function scene({ open }: Way, patience: number) {
  const clock = new NotingClock()
  const { queue, proxy } = await open(patience, clock)
  const news = new News(closedLater(queue))
  await queue.ready()
  await queue.publish('warm')
  return { proxy, queue, news, clock }
}

/** The whole table, over one way. */
export function playClasses(way: Way): void {
  test.each(ROWS)('%s: goes on %s, or is told as %s', async (error, how, code) => {
    const { proxy, queue, news, clock } = await scene(way, 10_000)
    const refused = proxy.refuseNext(callOf(queue, 'publish'), error)
    const before = proxy.accepted
    clock.pauses()
    const first = failureOf(queue.publish('a'))
    await refused
    const failure = await first
    if (PAUSES[how]) expect(clock.pauses()).toEqual(PAUSES[how])
    if (how === 'not at all') {
      expect(failure).toMatchObject({
        name: 'ConvoyError',
        code,
        message: expect.stringContaining(error.slice(0, 20)),
      })
      expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
    } else {
      expect(failure).toBe(undefined)
      expect(await queue.inspect('a')).toMatchObject({ state: 'queued' })
      // What was refused has not run: only what is unknown may be an echo.
      expect((await queue.stats()).totals).toMatchObject({ published: 2, duplicates: 0 })
    }
    const moved = how === 'on a new wire'
    expect(news.told).toEqual(moved ? ['suspended', 'resumed'] : [])
    // A client that is given dials when it likes.
    if (way.ours) expect(proxy.accepted - before).toBe(moved ? 1 : 0)
    expect(news.errors).toEqual([])
  })

  test.each(ROWS.filter(([, how]) => how !== 'not at all' && how !== 'at once'))(
    '%s for as long as one waits (it is gone on %s): told as %s',
    async (error, _how, code) => {
      const { proxy, queue } = await scene(way, 400)
      const stop = proxy.refuseAll(callOf(queue, 'publish'), error)
      const told = await failureOf(queue.publish('a'))
      stop.end()
      expect(stop.count).toBeGreaterThan(0)
      expect(told).toMatchObject({ name: 'ConvoyError', code })
      // With a backoff: 10, 20, 40 … ms, not in a loop.
      expect(stop.count).toBeLessThan(12)
      expect(await queue.inspect('a')).toMatchObject({ state: 'absent' })
    },
  )

  test('the socket is closed under it: it is asked again, and told as repeated', async () => {
    const { proxy, queue, news } = await scene(way, 10_000)
    const lost = proxy.dropReply(callOf(queue, 'publish'))
    expect(await queue.publish('a')).toMatchObject({ outcome: 'duplicate', repeated: true })
    await lost
    expect(news.told).toEqual(['suspended', 'resumed'])
    expect((await queue.stats()).totals).toMatchObject({ entered: 2 })
  })

  test('no answer within its own deadline, until time is up: OUTCOME_UNKNOWN', async () => {
    const { proxy, queue } = await scene(way, 3_500)
    proxy.swallowReplies()
    const began = performance.now()
    expect(await failureOf(queue.publish('a'))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(performance.now() - began).toBeGreaterThan(3_450)
    await proxy.pass()
    expect(await queue.publish('b')).toMatchObject({ outcome: 'queued' })
    // It had arrived.
    expect(await queue.inspect('a')).toMatchObject({ state: 'queued' })
  })

  test.each([
    ['it has not come to the server', (proxy: TcpProxy) => proxy.blackHole()],
    ['it was done, and nothing comes back', (proxy: TcpProxy) => proxy.swallowReplies()],
  ])('no answer within its own deadline (%s): settled by repeating it once the way is open', async (_, close) => {
    const { proxy, queue, news } = await scene(way, 20_000)
    close(proxy)
    const publish = queue.publish('a')
    // Its own deadline is over by then, and its wire given up.
    await news.heard('suspended')
    await proxy.pass()
    expect(await publish).toMatchObject({ repeated: true })
    expect(await queue.inspect('a')).toMatchObject({ state: 'queued' })
    expect((await queue.stats()).totals).toMatchObject({ entered: 2 })
    expect(news.told).toEqual(['suspended', 'resumed'])
  })
}
