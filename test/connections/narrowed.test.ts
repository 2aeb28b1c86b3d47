import { expect, test } from 'vitest'
import type { Queue } from '../../src/index.js'
import { until } from '../support/until.js'
import { failureOf, keyIn, News, queueAt, serverHere } from './kit.js'

/**
 * The rights of a user are looked at before a role's first call. These are taken away after that, and leave him the call
 * itself: so it is the script that is refused, in words of its own.
 */
async function scene() {
  const server = await serverHere()
  const rule = (...rules: string[]): Promise<unknown> => server.cli('ACL', 'SETUSER', 'driver', ...rules)
  await rule('on', '>pass', '~*', '&*', '+@all')
  const queue = queueAt({ url: server.url.replace('unix://', 'unix://driver:pass@') })
  const scripts = '(~* +evalsha +evalsha_ro)'
  return {
    server,
    queue,
    /** Of the queue's keys only those may be touched whose parts are like this. */
    narrow: (parts: string) => rule('resetkeys', `~convoy:{${queue.name}}:${parts}`, scripts),
    mute: () => rule('resetchannels'),
    restore: () => rule('clearselectors', 'resetkeys', '~*'),
  }
}

const CALLS: readonly (readonly [what: string, firstRead: string, call: (queue: Queue) => Promise<unknown>])[] = [
  ['a publish', '[^e]*', (queue) => queue.publish('a')],
  ['a withdrawal', '[^c]*', (queue) => queue.withdraw(['before'])],
  ['a sweep', '[^q]*', (queue) => queue.sweep()],
  ['a look', '[^c]*', (queue) => queue.stats()],
]

test.each(CALLS)(
  'a key taken away after the first look: %s is AUTH_FAILED at once, and goes on once it is back',
  async (_, parts, call) => {
    const { queue, narrow, restore } = await scene()
    await queue.publish('before')
    await call(queue)
    await narrow(parts)
    const began = performance.now()
    expect(await failureOf(call(queue))).toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringMatching(/can't access at least one of the keys|No permissions to access a key/),
    })
    expect(performance.now() - began).toBeLessThan(5_000)
    await restore()
    expect(await failureOf(call(queue))).toBe(undefined)
  },
)

test('a channel taken away after the first look: AUTH_FAILED at once', async () => {
  const { server, queue, mute } = await scene()
  await queue.publish('before')
  await server.cli('SET', keyIn(queue, 'listening'), '0')
  await queue.publish('heard')
  await mute()
  expect(await failureOf(queue.publish('a'))).toMatchObject({
    code: 'AUTH_FAILED',
    message: expect.stringMatching(/can't publish to the channel|No permissions to access a channel/),
  })
})

test('a worker from whom a key is taken away tells it, and goes on once it is back', async () => {
  const { queue, narrow, restore } = await scene()
  const news = new News(queue)
  const ran: string[] = []
  queue.process(({ id }) => {
    ran.push(id)
  })
  await queue.publish('before')
  await queue.idle()
  await narrow('[^s]*')
  await queue.publish('a')
  await until('it is told', async () => news.errors.length > 0)
  await restore()
  await queue.idle()
  expect(ran).toEqual(['before', 'a'])
  for (const error of news.errors) expect(error).toMatchObject({ code: 'AUTH_FAILED' })
})
