import { expect, test } from 'vitest'
import type { Final, Told } from '../history.js'
import { check } from './check.js'
import type { Allowance, Rule } from './rules.js'
import { Story } from './story.js'

const FEATURES = { attempts: 2, backoff: 300, keepResult: 1_000, delay: 0, priorities: false }
const ALLOW: Allowance = {
  ...{ exact: false, expiries: true, rollback: false, recovery: 3_000, lease: 1_500 },
  features: FEATURES,
}
const QUEUED: Told = { outcome: 'queued', guaranteed: true, repeated: false }
const OWED: Told = { outcome: 'rerun', guaranteed: true, repeated: false }
const DELAYED: Told = { outcome: 'delayed', guaranteed: true, repeated: false }

const red = async (story: Story, results: Final['results'] = { a: 5 }): Promise<Rule[]> => {
  for (const proc of ['p', 'w']) story.close(proc)
  const { breaches } = await check(story.final({ results }).entries(), ALLOW)
  return [...new Set(breaches.map(({ rule }) => rule))]
}

const begun = (): Story => new Story().up('p', 'publisher').up('w', 'worker')

/** It fails, is published again while it waits for its next attempt and while that runs, and sees the newest each time. */
function healthy({ pause = 300, first = 1, next = 2, sees = '3' } = {}): Story {
  const story = begun().publish('p', 'a', QUEUED, { version: '1' })
  story.run('w', 'a', 3, { attempt: first, version: '1' }).publish('p', 'a', OWED, { version: '2' }).fail('w', 'a')
  story.wait(pause).run('w', 'a', 4, { attempt: next, version: '2' })
  story.publish('p', 'a', OWED, { version: '3' }).end('w', 'a')
  return story.run('w', 'a', 5, { attempt: 1, version: sees }).end('w', 'a')
}

test('a healthy life breaks no rule, not even one that a death shortened', async () => {
  expect(await red(healthy())).toEqual([])
  const story = healthy().up('v', 'worker').publish('p', 'b', QUEUED, { version: '4' })
  story.run('v', 'b', 6, { version: '4' }).fail('v', 'b').kill('v')
  story.run('w', 'b', 7, { attempt: 1, version: '4' }).end('w', 'b')
  expect(await red(story, { a: 5, b: 7 })).toEqual([])
})

test.each<[rule: Rule, what: string, plant: () => Story, results?: Final['results']]>([
  ['K11', 'an owed run that sees an older payload', () => healthy({ sees: '2' })],
  [
    'K11',
    'a payload that nobody published',
    () => begun().publish('p', 'a', QUEUED, { version: '1' }).run('w', 'a', 5, { version: '9' }).end('w', 'a'),
  ],
  ['K12', 'a backoff cut short', () => healthy({ pause: 290 })],
  ['K12', 'an attempt that was not counted', () => healthy({ next: 1 })],
  ['K12', 'an attempt too many', () => healthy({ first: 2, next: 3 })],
  [
    'K12',
    'attempts that go on after an end',
    () =>
      healthy()
        .publish('p', 'a', QUEUED, { version: '5' })
        .run('w', 'a', 6, { attempt: 2, version: '5' })
        .end('w', 'a'),
    { a: 6 },
  ],
  [
    'K12',
    'a failure that was never tried again',
    () => begun().publish('p', 'a', QUEUED, { version: '1' }).run('w', 'a', 5, { version: '1' }).fail('w', 'a'),
  ],
  [
    'K12',
    'a delay cut short',
    () =>
      begun()
        .publish('p', 'a', DELAYED, { version: '1', delay: 500 })
        .wait(400)
        .run('w', 'a', 5, { version: '1' })
        .end('w', 'a'),
  ],
  ['K13', 'a result that is not kept', () => healthy(), {}],
  ['K13', 'a result of an older run', () => healthy(), { a: 4 }],
])('%s finds %s, and no other rule does', async (rule, _, plant, results) => {
  expect(await red(plant(), results)).toEqual([rule])
})
