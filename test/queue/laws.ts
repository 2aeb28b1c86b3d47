import { expect } from 'vitest'
import type { Part } from '../../src/redis/keys.js'

/** Reads one key of a queue as redis-cli would show it. */
export type Read = (command: string, part: Part, ...args: string[]) => Promise<unknown>

/** L1, L2 and L5 of the design on what a queue has left in Redis, read past the library. */
export async function checkLaws(read: Read): Promise<void> {
  const list = async (command: string, part: Part, ...args: string[]) =>
    (await read(command, part, ...args)) as string[]
  const [committed, line, processing, delayed, failed, failedAt, lease, ghosts, withdrawn, prioritized] =
    await Promise.all([
      list('SMEMBERS', 'committed'),
      list('LRANGE', 'queued', '0', '-1'),
      list('ZRANGE', 'processing', '0', '-1'),
      list('ZRANGE', 'delayed', '0', '-1'),
      list('ZRANGE', 'failed', '0', '-1'),
      list('ZRANGE', 'failedAt', '0', '-1'),
      list('HKEYS', 'lease'),
      list('SMEMBERS', 'ghosts'),
      list('SMEMBERS', 'withdrawn'),
      list('ZRANGE', 'prioritized', '0', '-1'),
    ])
  const [tries, failures, owed, errors, payload, priority, since, progress] = await Promise.all([
    list('HKEYS', 'tries'),
    list('HKEYS', 'failures'),
    list('HKEYS', 'owed'),
    list('HKEYS', 'errors'),
    list('HKEYS', 'payload'),
    list('HKEYS', 'priority'),
    list('HKEYS', 'since'),
    list('HKEYS', 'progress'),
  ])
  const [entered, left] = (await list('HMGET', 'totals', 'entered', 'left')).map(Number) as [number, number]
  const held = new Set(committed)
  const sorted = (ids: Iterable<string>) => [...ids].toSorted()
  const stale = new Set(ghosts)
  const queued = line.filter((id) => !stale.has(id))
  expect(
    sorted([...queued, ...prioritized, ...processing, ...delayed]),
    'L1: each committed ID is in one place',
  ).toEqual(sorted(held))
  expect(entered - left, 'L1: entered - left').toBe(held.size)
  expect(new Set(line).size, 'L6: nothing is twice in line').toBe(line.length)
  expect(
    failed.filter((id) => held.has(id)),
    'L1: committed and failed',
  ).toEqual([])
  expect(sorted(failedAt), 'failed has one order').toEqual(sorted(failed))
  expect(sorted(lease), 'L2: one lease for each that is processing').toEqual(sorted(processing))
  const running = new Set(processing)
  const kept = new Set([...committed, ...failed])
  const elsewhere = new Set([...prioritized, ...processing, ...delayed])
  const strangers = {
    tries: tries.filter((id) => !held.has(id)),
    failures: failures.filter((id) => !held.has(id)),
    errors: errors.filter((id) => !kept.has(id)),
    owed: owed.filter((id) => !running.has(id)),
    withdrawn: withdrawn.filter((id) => !running.has(id)),
    // One that was raised out of the line has left its entry there.
    ghosts: ghosts.filter((id) => (held.has(id) && !elsewhere.has(id)) || !line.includes(id)),
    payload: payload.filter((id) => !kept.has(id)),
    priority: priority.filter((id) => !kept.has(id)),
    since: since.filter((id) => !held.has(id)),
    progress: progress.filter((id) => !running.has(id)),
  }
  expect(strangers, 'L5: nothing names an ID that is free').toEqual({
    tries: [],
    failures: [],
    errors: [],
    owed: [],
    withdrawn: [],
    ghosts: [],
    payload: [],
    priority: [],
    since: [],
    progress: [],
  })
}
