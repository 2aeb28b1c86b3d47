import { expect, test } from 'vitest'
import { callOf, freshName, proxyHere, queueAt, serverHere } from './kit.js'

const HOUR = 3_600_000
/** Rounds: of two that go out again, each after a pause by chance, the second came first in about half of them. */
const ROUNDS = 12

test('a newer payload is not overwritten by an older one that is sent again after a refusal', async () => {
  const proxy = await proxyHere(await serverHere({ port: 'tcp' }))
  const queue = queueAt({ url: proxy.url }, { dedupe: 'latest' })
  await queue.publish('first')
  for (let round = 0; round < ROUNDS; round++) {
    const id = `k${round}`
    let refused = 0
    const refusal = proxy.refuseAll(callOf(queue, 'publish'), 'LOADING Redis is loading the dataset in memory', () => {
      if (++refused === 2) refusal.end()
    })
    const old = queue.publish(id, { payload: 'old' } as never)
    await new Promise((resolve) => setImmediate(resolve))
    const verdicts = await Promise.all([old, queue.publish(id, { payload: 'new' } as never)])
    expect(verdicts.map(({ was }) => was)).toEqual(['absent', 'queued'])
    expect((await queue.inspect(id)).payload).toBe('new')
  }
})

test('a publish that is for now is not put off by a later one of the same ID that needs no second sending', async () => {
  const server = await serverHere()
  const name = freshName()
  const [other, queue] = [queueAt({ url: server.url }, { name }), queueAt({ url: server.url }, { name })]
  await queue.ready()
  // No plain lane any more: what does not bring all keys is refused, and brings them then.
  await other.publish('later', { delay: HOUR })
  const verdicts = await Promise.all([
    queue.publish('x'),
    queue.publish('x', { delay: HOUR, dedupe: { timing: 'latest' } }),
  ])
  expect(verdicts.map(({ outcome }) => outcome)).toEqual(['queued', 'duplicate'])
  expect((await queue.inspect('x')).state).toBe('queued')
})

test('a stream that brings an ID twice ends with the last one, whatever is refused on its way', async () => {
  const proxy = await proxyHere(await serverHere({ port: 'tcp' }))
  const queue = queueAt({ url: proxy.url }, { dedupe: 'latest' })
  await queue.publish('first')
  for (let round = 0; round < ROUNDS; round++) {
    let refused = 0
    const refusal = proxy.refuseAll(callOf(queue, 'publish'), 'LOADING Redis is loading the dataset in memory', () => {
      if (++refused === 2) refusal.end()
    })
    const others = (from: number) =>
      Array.from({ length: 999 }, (_, n) => ({ id: `${round}:${from + n}`, payload: '' }))
    async function* items() {
      yield* [{ id: `s${round}`, payload: 'old' }, ...others(0), { id: `s${round}`, payload: 'new' }, ...others(1_000)]
    }
    await queue.publishMany(items() as never)
    expect((await queue.inspect(`s${round}`)).payload).toBe('new')
  }
})
