import { expect, test } from 'vitest'
import { Stage } from '../queue/stage.js'
import { until } from '../support/until.js'
import { News, queueAt, serverHere } from './kit.js'

const LEASE = 600

test('a live long job is never recovered: not while it runs for many leases, nor after Redis was away for longer than one', async () => {
  const server = await serverHere({ port: 'tcp' })
  const redis = { url: server.url, replyTimeout: 150 }
  const queue = queueAt(redis, { lease: LEASE })
  const watcher = queueAt(redis, { lease: LEASE, name: queue.name, publishTimeout: 300 })
  const news = new News(queue)
  const watcherNews = new News(watcher)
  const jammed: unknown[] = []
  const lost: string[] = []
  queue.on('lost', (id) => lost.push(id))
  watcher.jamGuard({ every: 50 }, (jobs) => jammed.push(...jobs))
  const stage = new Stage()
  await queue.publish('long')
  queue.process(stage.handler, { abortGrace: 0 })
  const job = await stage.begins(1)
  const leaseEnd = async (): Promise<number> => Number((await queue.inspect('long')).claim?.leaseEnd)
  const first = await leaseEnd()
  await until('three leases have passed', async () => (await leaseEnd()) > first + 3 * LEASE)
  for (const outage of [1, 2]) {
    server.pause()
    await Promise.all([news.heard('suspended', outage), watcherNews.heard('suspended', outage)])
    // The lease ends by the server's clock, which goes on while the server stands.
    const over = Date.now() + 2 * LEASE
    await until('the lease is over', async () => Date.now() > over)
    server.resume()
    await Promise.all([news.heard('resumed', outage), watcherNews.heard('resumed', outage)])
    const renewed = await leaseEnd()
    await until('two leases have passed', async () => (await leaseEnd()) > renewed + 2 * LEASE)
  }
  expect(jammed).toEqual([])
  expect(lost).toEqual([])
  // It had to be told: cut off alone, it would have been recovered. As it goes on all the same, its end counts.
  expect(job.signal.reason).toMatchObject({ code: 'LEASE_LAPSED' })
  stage.end('long')
  await queue.idle()
  expect((await queue.stats()).totals).toMatchObject({ done: 1, jammed: 0, lost: 0 })
  expect(stage.begun).toHaveLength(1)
})

test('a worker that died while Redis was away is noticed all the same', async () => {
  const server = await serverHere({ port: 'tcp' })
  const queue = queueAt({ url: server.url }, { lease: LEASE })
  const stage = new Stage()
  await queue.publish('long')
  const begun = stage.begins(1)
  queue.process(stage.handler, { abortGrace: 0 })
  await begun
  const claims = (await queue.inspect('long')).claim
  expect(claims).toBeDefined()
  // As a machine that is gone: nobody renews.
  await server.cli('ZADD', `convoy:{${queue.name}}:processing`, Date.now() - 1, 'long')
  await server.cli('HSET', `convoy:{${queue.name}}:lease`, 'long', `1:${Date.now()}:gone:1`)
  const watcher = queueAt({ url: server.url }, { lease: LEASE, name: queue.name })
  const jammed = new Promise<unknown>((resolve) => {
    watcher.jamGuard({ every: 50 }, (jobs) => resolve(jobs))
  })
  expect(await jammed).toMatchObject([{ id: 'long', jams: 1, now: 'queued' }])
  stage.open()
})
