import { expect, test } from 'vitest'
import type { Final, Happening, Told } from '../history.js'
import { check } from './check.js'
import type { Allowance, Rule } from './rules.js'
import { Story } from './story.js'

const STRICT: Allowance = { exact: true, expiries: false, rollback: false, recovery: 3_000, lease: 1_500 }
const FAULTY: Allowance = { ...STRICT, exact: false, expiries: true }
const QUEUED: Told = { outcome: 'queued', guaranteed: true, repeated: false }
const RUNNING: Told = { outcome: 'duplicate', guaranteed: false, repeated: false }
const WAITING: Told = { outcome: 'duplicate', guaranteed: true, repeated: false }

const red = async (story: Story, allow: Allowance): Promise<Rule[]> => {
  const { breaches } = await check(story.entries(), allow)
  return [...new Set(breaches.map(({ rule }) => rule))]
}

/** Three IDs go in and run; one is published again while it waits, while it runs, and once it is done. */
function healthy(): Story {
  const story = new Story()
  story.up('p', 'publisher').up('w', 'worker').up('v', 'worker').up('g', 'guard')
  story.publish('p', 'a', QUEUED).publish('p', 'b', QUEUED).publish('p', 'a', WAITING)
  story.run('w', 'a', 1).publish('p', 'a', RUNNING).end('w', 'a')
  story.run('v', 'b', 2).end('v', 'b')
  story.publish('p', 'a', QUEUED).run('v', 'a', 3).end('v', 'a')
  return story
}

const over = (story: Story, final: Partial<Final> = {}): Story => {
  for (const proc of ['p', 'w', 'v', 'g']) story.close(proc)
  return story.final(final)
}

test('a healthy history breaks no rule', async () => {
  expect(await red(over(healthy()), STRICT)).toEqual([])
})

test('a healthy history with faults breaks no rule: a death, a lapse, a lost answer, a refusal, an outage', async () => {
  const story = healthy()
  story.publish('p', 'x', QUEUED).run('w', 'x', 10).kill('w').jam('g', 'x', '10:w').run('v', 'x', 11).end('v', 'x')
  story.publish('p', 'y', QUEUED).run('v', 'y', 12).jam('g', 'y', '12:v').lose('v', 'y').run('v', 'y', 13)
  story.end('v', 'y', '13:v')
  story.publish('p', 'z', 'unknown').run('v', 'z', 14).end('v', 'z')
  story.publish('p', 'never', 'refused')
  story.publish('p', 'slow', QUEUED).run('w', 'slow', 16).fail('w', 'slow', 'LEASE_LAPSED').run('v', 'slow', 17)
  story.end('v', 'slow')
  story.fault('outage', 500).publish('p', 'later', QUEUED).run('v', 'later', 15).end('v', 'later')
  expect(await red(over(story), FAULTY)).toEqual([])
})

/** One violation each: exactly that rule turns red. */
const PLANTED: readonly [rule: Rule, what: string, plant: (story: Story) => unknown, allow: Allowance][] = [
  ['K1', 'an accepted ID that never ran', (s) => s.publish('p', 'gone', QUEUED), STRICT],
  [
    'K1',
    'a duplicate that was promised a run, and none came after it',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c').publish('p', 'c', WAITING),
    STRICT,
  ],
  [
    'K1',
    'let in twice, ran once',
    (s) => s.publish('p', 'c', QUEUED).publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c'),
    STRICT,
  ],
  [
    'K1',
    'lost before the window of a fault that forgets',
    (s) =>
      s
        .publish('p', 'old', QUEUED)
        .wait(5_000)
        .fault('power cut', 100, 2_000)
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .end('w', 'c'),
    { ...FAULTY, rollback: true },
  ],
  [
    'K1',
    'a running job that went with its worker',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).kill('w'),
    FAULTY,
  ],
  [
    'K1',
    'a running job whose claim was swept, and that never came back',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).jam('g', 'c', '4:w').lose('w', 'c').end('w', 'c'),
    FAULTY,
  ],
  [
    'K1',
    'a job that somebody claimed, whose publisher had no answer, and that never came back from a sweep',
    (s) => s.publish('p', 'c', 'unknown').kill('v').jam('g', 'c', '4:v'),
    FAULTY,
  ],
  [
    'K1',
    'a running job that went with its worker, long after the fault that forgets',
    (s) => s.fault('power cut', 100, 2_000).wait(5_000).publish('p', 'c', QUEUED).run('w', 'c', 4).kill('w'),
    { ...FAULTY, rollback: true, recovery: 10_000 },
  ],
  ['K2', 'a run of what nobody published', (s) => s.run('w', 'ghost', 4).end('w', 'ghost'), STRICT],
  ['K3', 'a duplicate at the first publish', (s) => s.publish('p', 'c', RUNNING), STRICT],
  [
    'K3',
    'a duplicate of a run that had ended long before',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c').wait(30_000).publish('p', 'c', RUNNING),
    STRICT,
  ],
  [
    'K4',
    'a smaller epoch after a larger one had ended',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 9)
        .end('w', 'c')
        .publish('p', 'c', QUEUED)
        .run('v', 'c', 8)
        .end('v', 'c'),
    STRICT,
  ],
  [
    'K5',
    'one claim handed out twice',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c').run('w', 'c', 4).end('w', 'c'),
    STRICT,
  ],
  [
    'K6',
    'a second run after a failure that nobody had asked to stop',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).fail('w', 'c').run('v', 'c', 5).end('v', 'c'),
    FAULTY,
  ],
  [
    'K6',
    'two runs of one accepted publish',
    (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c').run('v', 'c', 5).end('v', 'c'),
    FAULTY,
  ],
  [
    'K6',
    'an excused second run, where nothing excuses',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .jam('g', 'c', '4:w')
        .lose('w', 'c')
        .end('w', 'c')
        .run('v', 'c', 5)
        .end('v', 'c'),
    { ...FAULTY, exact: true },
  ],
  [
    'K5',
    'a late end that was accepted after the claim had been taken',
    (s) =>
      s.publish('p', 'c', QUEUED).run('w', 'c', 4).jam('g', 'c', '4:w').run('v', 'c', 5).end('v', 'c').end('w', 'c'),
    FAULTY,
  ],
  [
    'K7',
    'a claim of one that lives lapsed, before its handler began',
    (s) => s.publish('p', 'c', QUEUED).jam('g', 'c', '4:w').run('v', 'c', 5).end('v', 'c'),
    { ...FAULTY, expiries: false },
  ],
  [
    'K7',
    'two runs at once that nobody lost',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .run('v', 'c', 5)
        .end('w', 'c')
        .end('v', 'c'),
    FAULTY,
  ],
  [
    'K7',
    'a lease that lapsed early, where nothing stalls',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .jam('g', 'c', '4:w')
        .run('v', 'c', 5)
        .lose('w', 'c')
        .end('w', 'c')
        .end('v', 'c'),
    { ...FAULTY, expiries: false },
  ],
  [
    'K8',
    'an ID twice in line',
    (s) => s.note('harness', { op: 'look', phase: 'note', twice: ['a'], astray: [] }),
    STRICT,
  ],
  [
    'K8',
    'an ID in two places',
    (s) => s.note('harness', { op: 'look', phase: 'note', twice: [], astray: ['a'] }),
    STRICT,
  ],
  [
    'K9',
    'no run within the bound after a fault',
    (s) => s.fault('outage', 500).publish('p', 'c', QUEUED).wait(3_100).run('w', 'c', 4).end('w', 'c'),
    STRICT,
  ],
  [
    'K9',
    'no run within the bound after a fault, though another fault came before one',
    (s) =>
      s
        .fault('cut', 500)
        .wait(3_100)
        .fault('cut again', 500)
        .publish('p', 'c', QUEUED)
        .wait(100)
        .run('w', 'c', 4)
        .end('w', 'c'),
    STRICT,
  ],
  [
    'K9',
    'two faults in a row, and no run within the bound after the second',
    (s) =>
      s
        .fault('cut', 500)
        .wait(1_000)
        .fault('cut again', 500)
        .publish('p', 'c', QUEUED)
        .wait(3_100)
        .run('w', 'c', 4)
        .end('w', 'c'),
    STRICT,
  ],
  [
    'K9',
    'a death recovered too late',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .kill('w')
        .jam('g', 'c', '4:w')
        .wait(3_100)
        .run('v', 'c', 5)
        .end('v', 'c'),
    FAULTY,
  ],
  [
    'K9',
    'a second jam, and a run later than that holds it back for',
    (s) =>
      s
        .publish('p', 'c', QUEUED)
        .run('w', 'c', 4)
        .kill('w')
        .jam('g', 'c', '4:w', 2)
        .wait(2.5 * 1_500 + 3_000)
        .run('v', 'c', 5)
        .end('v', 'c'),
    FAULTY,
  ],
  [
    'K10',
    'a run that begins after its worker was closed',
    (s) => s.publish('p', 'c', QUEUED).close('w').run('w', 'c', 4).end('w', 'c'),
    STRICT,
  ],
  ['K10', 'a rejection nobody caught', (s) => s.note('w', { op: 'life', phase: 'fail', reply: 'Error' }), STRICT],
  ['K10', 'a process that did not end', (s) => s.note('harness', { op: 'hung', phase: 'note', whom: 'w' }), STRICT],
  ['K10', 'a process that was never heard of again', (s) => s.up('z', 'worker'), STRICT],
  [
    'K10',
    'a promise pending at the end',
    (s) => s.up('q', 'publisher').note('q', { op: 'life', phase: 'ok', pending: 1 }),
    STRICT,
  ],
]

const INNOCENT: readonly [what: string, plant: (story: Story) => unknown, final?: Partial<Final>, allow?: Allowance][] =
  [
    [
      'a handler returned just before its worker died, and was settled',
      (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c').kill('w'),
    ],
    [
      'another had its job when a worker that had stalled died',
      (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).jam('g', 'c', '4:w').run('v', 'c', 5).end('v', 'c').kill('w'),
    ],
    [
      'the next run was noted before the sweep that led to it',
      (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).kill('w').run('v', 'c', 5).jam('g', 'c', '4:w').end('v', 'c'),
    ],
    [
      'a failure is on record',
      (s) => s.publish('p', 'c', QUEUED).run('w', 'c', 4).kill('w').jam('g', 'c', '4:w'),
      { failed: ['c'] },
    ],
    [
      'the server went back to before a job that died with its worker',
      (s) =>
        s
          .publish('p', 'c', QUEUED)
          .run('w', 'c', 4)
          .kill('w')
          .jam('g', 'c', '4:w')
          .fault('power cut', 100, 2_000)
          .publish('p', 'd', QUEUED)
          .run('v', 'd', 5)
          .end('v', 'd'),
      {},
      { ...FAULTY, rollback: true },
    ],
    [
      'a second jam holds an ID back for twice its lease, and half of it by chance',
      (s) =>
        s
          .publish('p', 'c', QUEUED)
          .run('w', 'c', 4)
          .kill('w')
          .jam('g', 'c', '4:w', 2)
          .wait(2.5 * 1_500 + 2_900)
          .run('v', 'c', 5)
          .end('v', 'c'),
    ],
    [
      'a guard has died before it told of a second jam',
      (s) =>
        s
          .publish('p', 'c', QUEUED)
          .run('w', 'c', 4)
          .jam('g', 'c', '4:w')
          .lose('w', 'c')
          .end('w', 'c')
          .run('v', 'c', 5)
          .kill('v')
          .wait(2.5 * 1_500 + 2_900)
          .run('w', 'c', 6)
          .end('w', 'c'),
    ],
  ]

test.each(INNOCENT)('no rule turns red where %s', async (_what, plant, final = {}, allow = FAULTY) => {
  const story = healthy()
  plant(story)
  expect(await red(over(story, final), allow)).toEqual([])
})

test('a job that went with its worker and stands somewhere at the end is stuck, and not lost', async () => {
  const story = healthy().publish('p', 'c', QUEUED).run('w', 'c', 4).kill('w')
  expect(await red(over(story, { processing: ['c'], committed: 1, entered: 4 }), FAULTY)).toEqual(['K8'])
})

/** `w` dies while it runs `c`; `v`, who has claimed it ahead next, dies before it runs it; `u` runs it. */
const handedOn = (story: Story, swept: number, sweptAgain: number): Story =>
  story
    .up('u', 'worker')
    .publish('p', 'c', QUEUED)
    .run('w', 'c', 4)
    .kill('w')
    .wait(swept)
    .jam('g', 'c', '4:w')
    .wait(500)
    .kill('v')
    .wait(sweptAgain)
    .jam('g', 'c', '5:v')
    .run('u', 'c', 6)
    .end('u', 'c')
    .close('u')

test('a death that comes to one who has claimed ahead is recovered from then on', async () => {
  const { breaches, recoveries } = await check(over(handedOn(healthy(), 2_800, 2_700)).entries(), FAULTY)
  expect({ breaches, recoveries }).toEqual({ breaches: [], recoveries: [2_702, 2_801] })
  expect(await red(over(handedOn(healthy(), 3_100, 0)), FAULTY)).toEqual(['K9'])
  expect(await red(over(handedOn(healthy(), 0, 3_100)), FAULTY)).toEqual(['K9'])
})

test.each(PLANTED)('%s turns red, and nothing else: %s', async (rule, _what, plant, allow) => {
  const story = healthy()
  plant(story)
  expect(await red(over(story), allow)).toEqual([rule])
})

test('what the next fault holds up is not held against the one before, and told apart from what was seen to recover', async () => {
  const story = healthy()
  story.fault('cut', 500).wait(800).fault('cut again', 3_000)
  story.publish('p', 'c', QUEUED).wait(997).run('w', 'c', 4).end('w', 'c')
  const { breaches, recoveries, cutShort } = await check(over(story).entries(), STRICT)
  expect({ breaches, recoveries, cutShort }).toEqual({ breaches: [], recoveries: [1_000], cutShort: 1 })
})

const LEFT: readonly [what: string, final: Partial<Final>][] = [
  ['an ID is stuck', { processing: ['b'], committed: 1, entered: 4 }],
  ['an ID is committed, and nowhere', { committed: 1, entered: 4 }],
  ['the books do not balance', { entered: 5 }],
  ['a key is left behind', { strays: ['chaos:{convoys}:lease'] }],
]

test.each(LEFT)('K8 turns red, and nothing else, when at the end %s', async (_what, final) => {
  expect(await red(over(healthy(), final), STRICT)).toEqual(['K8'])
})

test('K8 turns red when nobody looked at the end', async () => {
  const story = healthy()
  for (const proc of ['p', 'w', 'v', 'g']) story.close(proc)
  expect(await red(story, STRICT)).toEqual(['K8'])
})

test('what was accepted within the window of a fault that forgets is counted, not held against it', async () => {
  const story = healthy()
  story.publish('p', 'young', QUEUED).wait(1_000).fault('power cut', 100, 2_000)
  story.publish('p', 'c', QUEUED).run('w', 'c', 4).end('w', 'c')
  const { breaches, withinWindow } = await check(over(story).entries(), { ...FAULTY, rollback: true })
  expect({ breaches, withinWindow }).toEqual({ breaches: [], withinWindow: 1 })
})

test('a call that was open when its process died may have happened or not', async () => {
  const story = healthy()
  const open: Happening = { op: 'publish', phase: 'invoke', call: 99, ids: ['perhaps', 'rather not'] }
  story.note('p', open).kill('p').run('w', 'perhaps', 4).end('w', 'perhaps')
  for (const proc of ['w', 'v', 'g']) story.close(proc)
  expect(await red(story.final({}), STRICT)).toEqual([])
})
