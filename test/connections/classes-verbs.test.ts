import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../src/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import type { Refusal, TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { NotingClock, PAUSES, ROWS } from './classes.js'
import { callOf, failureOf, News, proxyHere, queueAt, warmUp } from './kit.js'

/** The table of `classes`, met by what is not a publish, over a client of our own. */
let server: RedisServer

beforeAll(async () => {
  server = await startRedis({ port: 'tcp' })
  await warmUp(server.url)
  return () => server.stop()
})

async function scene(publishTimeout = 10_000) {
  const proxy = await proxyHere(server)
  const clock = new NotingClock()
  const queue = queueAt({ url: proxy.url, clock }, { publishTimeout, lease: 100 })
  const news = new News(queue)
  await queue.ready()
  return { proxy, clock, queue, news }
}

type Scene = Awaited<ReturnType<typeof scene>>

const LASTING = ROWS.filter(([, how]) => how !== 'not at all' && how !== 'at once')

describe("a worker's step", () => {
  /** One job runs, and what is to settle it meets `fault`. */
  async function run(fault: (proxy: TcpProxy, match: ReturnType<typeof callOf>) => unknown) {
    const proxy = await proxyHere(server)
    const queue = queueAt({ url: proxy.url })
    // Over another connection: the proxy refuses at once, before what was asked before on the same is answered.
    const observer = queueAt({ url: server.url }, { name: queue.name })
    const news = new News(queue)
    const ran: string[] = []
    queue.process(({ id }) => {
      ran.push(id)
      fault(proxy, callOf(queue, 'step'))
    })
    await observer.publish('a')
    const settled = async (): Promise<void> => {
      await observer.idle()
      expect(ran).toEqual(['a'])
      expect((await observer.stats()).totals).toMatchObject({ done: 1, lost: 0, jammed: 0 })
    }
    return { news, settled }
  }

  test.each(ROWS)('%s: goes on %s, and what was refused for good is told as %s', async (error, how, code) => {
    let refused: Promise<void> | undefined
    const { news, settled } = await run((proxy, step) => {
      refused = proxy.refuseNext(step, error)
    })
    await settled()
    await refused
    // A worker asks again in any case, only not as soon.
    expect(news.errors).toMatchObject(how === 'not at all' ? [{ name: 'ConvoyError', code }] : [])
  })

  test.each(LASTING)('%s for as long as it lasts: is asked again (%s), and nobody is told', async (error) => {
    let refusal: Refusal | undefined
    const { news, settled } = await run((proxy, step) => {
      refusal = proxy.refuseAll(step, error)
    })
    await until('it was asked again and again', async () => (refusal?.count ?? 0) > 4)
    refusal?.end()
    await settled()
    expect(news.errors).toEqual([])
  })
})

/** What is called, and how what it is to do is seen. */
interface Verb {
  readonly script: 'sweep' | 'withdraw'
  /** Makes something for it to do. */
  prepare(scene: Scene): Promise<unknown>
  call(scene: Scene): Promise<unknown>
  readonly before: string
  readonly after: string
  readonly total: 'jammed' | 'withdrawn'
}

const VERBS: readonly Verb[] = [
  {
    script: 'sweep',
    async prepare({ queue }) {
      await queue.publish('a')
      // Somebody claimed it whose lease has lapsed.
      const store = redisStore({ url: server.url })({ name: queue.name, prefix: 'convoy', tell: () => {} })
      onTestFinished(() => store.close())
      const wish = { settle: [], renew: [], started: [], claim: 1, slots: 1, leaving: false }
      await store.step({ worker: 'gone', number: 1, lane: 0, lease: 1, keepFailed: 0, ...wish }, { timeout: 5_000 })
    },
    call: ({ queue }) => queue.sweep(),
    before: 'processing',
    after: 'queued',
    total: 'jammed',
  },
  {
    script: 'withdraw',
    prepare: ({ queue }) => queue.publish('a'),
    call: ({ queue }) => queue.withdraw(['a']),
    before: 'queued',
    after: 'absent',
    total: 'withdrawn',
  },
]

describe.each(VERBS)('a $script', ({ script, prepare, call, before, after, total }) => {
  const look = async ({ queue }: Scene): Promise<unknown> => {
    const { state } = await queue.inspect('a')
    return { state, count: (await queue.stats()).totals[total] }
  }

  test.each(ROWS)('%s: goes on %s, or is told as %s', async (error, how, code) => {
    const here = await scene()
    await prepare(here)
    const refused = here.proxy.refuseNext(callOf(here.queue, script), error)
    here.clock.pauses()
    const failure = await failureOf(call(here))
    await refused
    const pauses = here.clock.pauses()
    if (PAUSES[how]) expect(pauses).toEqual(PAUSES[how])
    expect(failure).toEqual(how === 'not at all' ? expect.objectContaining({ name: 'ConvoyError', code }) : undefined)
    expect(await look(here)).toEqual(how === 'not at all' ? { state: before, count: 0 } : { state: after, count: 1 })
    expect(here.news.errors).toEqual([])
  })

  test.each(LASTING)('%s for as long as one waits (it is gone on %s): told as %s', async (error, how, code) => {
    const here = await scene(400)
    await prepare(here)
    const refusal = here.proxy.refuseAll(callOf(here.queue, script), error)
    const failure = await failureOf(call(here))
    refusal.end()
    expect(failure).toMatchObject({ name: 'ConvoyError', code })
    expect(refusal.count).toBeGreaterThan(how === 'after a pause' ? 1 : 0)
    expect(await look(here)).toEqual({ state: before, count: 0 })
  })
})
