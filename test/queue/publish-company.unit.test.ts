import { expect, onTestFinished, test } from 'vitest'
import { createQueue, memoryStore } from '../../src/index.js'
import { waitFor } from '../../src/wait/index.js'

/** The names of what this process was warned of meanwhile. */
async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = []
  const note = ({ name }: Error): number => warnings.push(name)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  await work()
  // A warning is told in a later turn.
  await new Promise(setImmediate)
  return warnings
}

test('many that wait for room go by one signal, and nobody is warned of a leak', async () => {
  const queue = createQueue('company', { store: memoryStore(), maxLength: 1 })
  const { signal } = new AbortController()
  const items = Array.from({ length: 25 }, (_, n) => ({ id: n, waitForRoom: 1, signal }))
  expect(await warningsOf(() => queue.publishMany(items))).toEqual([])
  await queue.close()
})

test('many streams are under way at once, and nobody is warned of a leak', async () => {
  const queue = createQueue('company', { store: memoryStore() })
  const source = async function* () {
    yield 'a'
  }
  const streams = () => Promise.all(Array.from({ length: 25 }, () => queue.publishMany(source())))
  expect(await warningsOf(streams)).toEqual([])
  await queue.close()
})

test('many wait by one signal for jobs to end, and nobody is warned of a leak', async () => {
  const queue = createQueue('company', { store: memoryStore(), keepResult: 60_000 })
  const { signal } = new AbortController()
  const ids = Array.from({ length: 25 }, (_, n) => n)
  await queue.publishMany(ids)
  const waits = () => {
    const all = Promise.all(ids.map((id) => waitFor(queue, id, { signal })))
    queue.process(() => {})
    return all
  }
  expect(await warningsOf(waits)).toEqual([])
  await queue.close()
})
