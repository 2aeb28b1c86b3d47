import { expect, test } from 'vitest'
import type { StepReply } from '../../src/step.js'
import type { PublishReply } from '../../src/store.js'
import { movesOf } from './moves.js'
import { nameOf } from './names.js'
import { scope } from './scopes.js'
import { Counterexample, search, tell } from './search.js'
import type { Call } from './server.js'
import { firstWorld, type World } from './world.js'

// That the explorer finds what is wrong; `npm run mutants` shows it with bugs in the code.

const small = scope('quiet', 0, { publishes: 2 }, { workers: 1 })

function thrownBy(run: () => unknown): Counterexample {
  try {
    run()
  } catch (error) {
    return error as Counterexample
  }
  throw new Error('nothing was found')
}

/** Changes what the server did before the laws see it. */
const bent =
  (verb: string, bend: (call: Call) => void) =>
  (call: Call): void => {
    if (call.op.verb === verb && 'reply' in call.told) bend(call)
  }

test.each<[string, string, (call: Call) => void, RegExp]>([
  ['a verdict that is not true', 'publish', ({ told }) => bend<PublishReply>(told, { verdicts: 'd' }), /a was met/],
  ['an ID that is gone', 'step', ({ after }) => after.committed.clear(), /L1|L4|L5/],
  ['a claim that is not written', 'step', ({ after }) => after.lease.clear(), /L2: leases/],
  ['a token that is another’s', 'step', ({ told }) => bend<StepReply>(told, { token: '1:1:w9:1' }), /lease of a|L2/],
  ['a count that is off', 'step', ({ after }) => after.totals.left--, /entered - left/],
  ['a line that nobody is woken for', 'publish', ({ after }) => Object.assign(after, { wake: 0 }), /nobody is woken/],
])('%s is found', (_, verb, change, law) => {
  const found = thrownBy(() => search(small, { heard: bent(verb, change) }))
  expect(found).toBeInstanceOf(Counterexample)
  expect(found.message).toMatch(law)
})

function bend<Reply>(told: Call['told'], change: Partial<Reply>): void {
  if ('reply' in told) Object.assign(told.reply, change)
}

test('a way is told move by move, with what the server held after each, and can be walked again', () => {
  const lost = bent('step', ({ op, after }) => {
    if (op.verb === 'step' && op.request.settle.length > 0) after.totals.done--
  })
  const { way, message } = thrownBy(() => search(small, { heard: lost }))
  expect(message).toContain('ends counted as done: 0, not 1')
  expect(message).toContain(`npm run explore -- quiet:${way.join('.')}`)
  const told = tell(small, way)
  expect(told).toHaveLength(2 * way.length)
  expect(told[0]).toMatch(/1\. (publish a: q|w1 asks for more)/)
  expect(told.join('\n')).toMatch(/is done with a\n.*processing: a by \d+:\d+:w1:\d/)
})

test('a world from which the queue never comes to rest is found', () => {
  // Nobody works.
  const deaf = scope('deaf', 0, { publishes: 1 }, { workers: 0 })
  expect(thrownBy(() => search(deaf)).message).toMatch(/L4: from here the queue never comes to rest/)
})

/** Plays the moves of these labels, in this order. */
function walk(...labels: string[]): World {
  return labels.reduce((world, label) => {
    const move = movesOf(world, small).find((one) => one.label === label)
    if (move === undefined) throw new Error(`${label} is not among ${movesOf(world, small).map((one) => one.label)}`)
    return move.play().world
  }, firstWorld(small))
}

test('worlds that go on alike have one name, others do not', () => {
  const idle = (number: number): string[] => [
    'w1 asks for more',
    `step w1#${number} runs`,
    `step w1#${number} is answered`,
  ]
  expect(nameOf(walk(...idle(1), ...idle(2)))).toBe(nameOf(walk(...idle(1))))
  expect(nameOf(walk(...idle(1), 'w1 asks for more'))).not.toBe(nameOf(walk(...idle(1))))
  expect(nameOf(walk('publish a'))).not.toBe(nameOf(walk('publish a', 'publish a')))
})
