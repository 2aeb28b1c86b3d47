import { expect, test } from 'vitest'
import { shared } from '../../src/schedule/looks.js'
import { Latch } from '../support/latch.js'

/** A look that tells which it is, once the test lets it. */
function scene(): { look: () => Promise<number>; sent: Latch[]; answers: Latch[]; fail: Set<number> } {
  const sent = [new Latch(), new Latch(), new Latch()]
  const answers = [new Latch(), new Latch(), new Latch()]
  const fail = new Set<number>()
  let looks = 0
  const look = shared(async () => {
    const mine = looks++
    sent[mine]?.open()
    await answers[mine]?.wait
    if (fail.has(mine)) throw new Error(`no ${mine}`)
    return mine
  })
  return { look, sent, answers, fail }
}

test('those that ask in one turn share a look; those that ask while it is under way share the next', async () => {
  const { look, sent, answers } = scene()
  const first = [look(), look()]
  await sent[0]?.wait
  const later = [look(), look(), look()]
  expect(sent[1]?.isOpen).toBe(false)
  answers[0]?.open()
  expect(await Promise.all(first)).toEqual([0, 0])
  await sent[1]?.wait
  const last = look()
  answers[1]?.open()
  answers[2]?.open()
  expect(await Promise.all(later)).toEqual([1, 1, 1])
  expect(await last).toBe(2)
})

test('a look that fails is told to those who share it, and to nobody else', async () => {
  const { look, sent, answers, fail } = scene()
  fail.add(0)
  const first = [look(), look()]
  const outcomes = Promise.allSettled(first)
  await sent[0]?.wait
  const later = look()
  for (const answer of answers) answer.open()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await later).toBe(1)
})
