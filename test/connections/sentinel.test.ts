import { createSentinel } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue } from '../../src/index.js'
import { startSentinel } from '../support/redis-sentinel.js'
import { closedLater, freshName, News } from './kit.js'

test('over a sentinel: the master dies, its replica takes over, publishers and workers go on with it', {
  timeout: 60_000,
}, async () => {
  await using group = await startSentinel()
  const client = createSentinel({ name: group.name, sentinelRootNodes: [...group.sentinelRootNodes] })
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  const queue = createQueue(freshName(), { redis: client })
  const news = new News(queue)
  const ran: string[] = []
  await queue.publishMany(['a', 'b'])
  const worker = queue.process(({ id }) => {
    ran.push(id)
  })
  await queue.idle()
  expect(ran).toEqual(['a', 'b'])
  expect(await group.first.cli('WAIT', 1, 0)).toBe(1)
  const later = closedLater(createQueue(queue.name, { redis: client, publishTimeout: 20_000 }))
  await later.ready()
  const failedOver = group.failOver()
  expect(await later.publish('c')).toMatchObject({ guaranteed: true })
  await failedOver
  await later.idle()
  expect(ran).toContain('c')
  expect(news.told.filter((one) => one === 'suspended').length).toBeLessThan(4)
  await worker.close()
  await queue.close()
  expect(await client.sendCommand(false, ['EXISTS', 'another'])).toBe(0)
})
