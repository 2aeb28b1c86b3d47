import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { BusyPoll } from '../../src/redis/busy-poll.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setImmediate'] })
  onTestFinished(() => void vi.useRealTimers())
})

const LONGEST = 0.3

/** One request, answered after `took` ms and sent `pause` ms after the last answer. Whether it was looked for. */
function ask(poll: BusyPoll, { took, pause = 0.01 }: { took: number; pause?: number }): boolean {
  vi.advanceTimersByTime(pause)
  const sent = poll.sent()
  vi.advanceTimersByTime(took)
  poll.answered(sent)
  return sent > 0
}

const briskly = (poll: BusyPoll, times: number, took = 0.1): boolean[] =>
  Array.from({ length: times }, () => ask(poll, { took }))

test('the first request is not looked for; those that follow an answer at once are', () => {
  expect(briskly(new BusyPoll(), 4)).toEqual([false, true, true, true])
})

test('a request that comes later than an answer may take is not looked for', () => {
  const poll = new BusyPoll()
  briskly(poll, 2)
  expect(ask(poll, { took: 0.1, pause: LONGEST + 0.01 })).toBe(false)
  expect(ask(poll, { took: 0.1, pause: LONGEST - 0.05 })).toBe(true)
})

test('answers that take longer let 2, then 4, then up to 1,024 requests go by; one in time forgives all', () => {
  const poll = new BusyPoll()
  briskly(poll, 1)
  const rests: number[] = []
  for (let round = 0; round < 12; round++) {
    expect(ask(poll, { took: 0.4 })).toBe(true)
    let rest = 0
    // Unlooked for, also a quick answer changes nothing.
    while (rest < 2 ** Math.min(round + 1, 10)) {
      expect(ask(poll, { took: 0.1 })).toBe(false)
      rest++
    }
    rests.push(rest)
  }
  expect(rests).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_024, 1_024])
  expect(briskly(poll, 3)).toEqual([true, true, true])
  expect(ask(poll, { took: 0.4 })).toBe(true)
  expect(briskly(poll, 3)).toEqual([false, false, true])
})

test('the loop goes round once for all requests, and rests when the last has waited for so long', () => {
  const poll = new BusyPoll()
  briskly(poll, 1)
  for (let round = 0; round < 3; round++) {
    poll.sent()
    poll.sent()
    expect(vi.getTimerCount()).toBe(1)
    const rounds = vi.spyOn(globalThis, 'setImmediate')
    // Their own clock turns immediates of immediates a millisecond later.
    vi.advanceTimersToNextTimer()
    expect([rounds.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1])
    vi.advanceTimersToNextTimer()
    expect([rounds.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0])
    rounds.mockRestore()
    poll.answered(0)
  }
})

test('once the answer is there nobody looks any more', () => {
  const poll = new BusyPoll()
  briskly(poll, 1)
  const [first, second] = [poll.sent(), poll.sent()]
  poll.answered(first)
  vi.advanceTimersToNextTimer()
  expect(vi.getTimerCount()).toBe(1)
  poll.answered(second)
  const looks = vi.spyOn(globalThis, 'setImmediate')
  vi.advanceTimersToNextTimer()
  expect([looks.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})
