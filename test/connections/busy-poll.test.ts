import { pbkdf2Sync } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freshName, queueAt, serverHere } from './kit.js'

/** How often the loop is sent round to look for an answer while so many jobs are worked off. */
async function looksWhile(concurrency: number, jobs: number, work: () => Promise<void> | void): Promise<number> {
  const server = await serverHere()
  const queue = queueAt({ url: server.url }, { name: freshName() })
  await queue.publishMany(Array.from({ length: jobs }, (_, n) => `job ${n}`))
  const rounds = vi.spyOn(globalThis, 'setImmediate')
  onTestFinished(() => void rounds.mockRestore())
  queue.process(work, { concurrency })
  await queue.idle()
  return rounds.mock.calls.filter(([call]) => call.name === '#look').length
}

test('jobs that take no time, one at a time, are asked for awake, but for a machine of one core', async () => {
  expect((await looksWhile(1, 2_000, () => {})) > 0).toBe(availableParallelism() > 1)
})

test('where many are claimed at once, hardly anybody does', async () => {
  expect(await looksWhile(100, 2_000, () => {})).toBeLessThan(200)
})

test('nor where a job takes longer than an answer', async () => {
  const work = () => void pbkdf2Sync('work', 'of some', 20_000, 64, 'sha512')
  expect(await looksWhile(1, 100, work)).toBe(0)
})
