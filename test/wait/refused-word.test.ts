import { expect, test } from 'vitest'
import { createQueue, type OpenStore, redisStore } from '../../src/index.js'
import { waitFor } from '../../src/wait/index.js'
import { closedLater, failureOf, freshName, proxyHere, queueAt, serverHere } from '../connections/kit.js'
import { ManualClock } from '../queue/manual-clock.js'
import { until } from '../support/until.js'

const OOM = "OOM command not allowed when used memory > 'maxmemory'."
const KEEP = { keepResult: 60_000 }

/** What became of each call of `listen`, and how many looks were answered: each recalls what was kept, last of all. */
interface Told {
  readonly listens: Promise<unknown>[]
  recalled: number
}

/** The calls of `listen`, one after the other, have so many ms each. */
function watched(open: OpenStore, patience: readonly number[], told: Told): OpenStore {
  return (place) => {
    const store = open(place)
    const [listen, recall] = [store.listen.bind(store), store.recall.bind(store)]
    store.listen = (hear, signal) => {
      const end = listen(hear, signal, { timeout: patience[told.listens.length] ?? 0 })
      told.listens.push(failureOf(end))
      return end
    }
    store.recall = async (...args) => {
      const kept = await recall(...args)
      told.recalled++
      return kept
    }
    return store
  }
}

test('a wait that was given up while its word was refused takes nothing from the next one when its patience ends', async () => {
  const server = await serverHere()
  const proxy = await proxyHere(server)
  const name = freshName()
  const told: Told = { listens: [], recalled: 0 }
  const store = watched(redisStore({ url: proxy.url }), [1_000, 20_000], told)
  // Time stands still for the waits, so that no look finds later what they did not hear.
  const queue = closedLater(createQueue(name, { store, clock: new ManualClock(), ...KEEP }))
  const other = queueAt({ url: server.url }, { name, ...KEEP })
  await other.publish('b')
  await queue.ready()
  const refusal = proxy.refuseAll('SET', OOM)
  const gone = new AbortController()
  const first = failureOf(waitFor(queue, 'a', { signal: gone.signal }))
  await until('the first is subscribed, and its word is refused', async () => refusal.count > 0)
  gone.abort()
  expect(await first).toMatchObject({ code: 'ABORTED' })
  let result: unknown
  const second = failureOf(
    waitFor(queue, 'b').then((ended) => {
      result = ended.result
    }),
  )
  expect(await told.listens[0]).toMatchObject({ code: 'REFUSED' })
  expect(told.listens).toHaveLength(2)
  refusal.end()
  expect(await told.listens[1]).toBe(undefined)
  await until('the second has looked, and again once it knew for which run', async () => told.recalled === 2)
  other.process(() => 'heard')
  await until('its end is heard', async () => result === 'heard', 5_000)
  expect(await second).toBe(undefined)
})
