import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply, clone, type Op, type Reply } from '../../src/memory/model.js'
import { MESSAGE_KINDS, readMessage } from '../../src/messages.js'
import type { StepReply, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { dumpModel } from './dump.js'
import { games } from './games.js'
import { Model, Watch } from './laws.js'
import type { Move } from './moves.js'
import { Player } from './player.js'
import { settings } from './settings.js'

function playAll(
  moves: readonly Move[],
  each: (model: Model, op: Op | null, now: number) => void,
  met?: Set<string>,
): void {
  const model = new Model()
  const player = new Player()
  const watch = new Watch()
  for (const move of moves) {
    const op = player.play(move, model.state.totals.taken)
    each(model, op, player.now)
    if (move.kind === 'take') model.state.wake = 0
    if (move.kind === 'listening') model.state.listening = move.on
    if (op === null) continue
    const told = model.call(op, player.now)
    if ('thrown' in told) {
      deepStrictEqual([op.verb, told.thrown], ['step', 'REFUSED'])
      continue
    }
    player.hear(op, told.reply)
    watch.check(model.state, op, told.reply, player.now)
    if (met !== undefined) hearAll(model, op, told.reply, met)
  }
}

const { seed, path, runs } = settings(2_000)

test(`the laws hold after every call of a random game (seed ${seed})`, () => {
  fc.assert(
    fc.property(games(100), (moves) => playAll(moves, () => {})),
    { seed, ...path, numRuns: runs },
  )
}, 120_000)

/** Everything a store can answer and tell by a letter or a word. */
function hearAll(model: Model, op: Op, reply: Reply, met: Set<string>): void {
  if (op.verb === 'publish') for (const letter of (reply as PublishReply).verdicts) met.add(`verdict ${letter}`)
  if (op.verb === 'step') {
    const { settled, renewed } = reply as StepReply
    for (const mark of settled) met.add(`settled ${mark}`)
    for (const mark of renewed) met.add(`renewed ${mark}`)
  }
  if (op.verb === 'sweep')
    for (const { now, started } of (reply as SweepReply).jammed) met.add(`jammed ${now} ${started}`)
  if (op.verb === 'withdraw' || op.verb === 'move') for (const was of reply as State[]) met.add(`${op.verb} ${was}`)
  for (const text of model.state.outbox) for (const { kind } of readMessage(text).told) met.add(`message ${kind}`)
}

test('games meet everything a store can answer', () => {
  const met = new Set<string>()
  fc.assert(
    fc.property(games(100), (moves) => playAll(moves, () => {}, met)),
    { seed: 7, numRuns: 1_000 },
  )
  const states = ['absent', 'queued', 'delayed', 'processing', 'failed', 'remembered']
  const all = [
    ...Object.keys(VERDICTS).map((letter) => `verdict ${letter}`),
    ...[...'01ws'].map((mark) => `settled ${mark}`),
    ...[...'01wso'].map((mark) => `renewed ${mark}`),
    ...[
      'queued true',
      'queued false',
      'delayed true',
      'delayed false',
      'failed true',
      'absent true',
      'absent false',
    ].map((how) => `jammed ${how}`),
    ...states.flatMap((was) => [`withdraw ${was}`, `move ${was}`]),
    ...MESSAGE_KINDS.map((kind) => `message ${kind}`),
  ]
  expect(all.filter((one) => !met.has(one))).toEqual([])
}, 60_000)

test('a clone goes its own way: what is done to it leaves the original as it was', () => {
  fc.assert(
    fc.property(games(60), (moves) => {
      playAll(moves, (model, op, now) => {
        if (op === null) return
        const before = dumpModel(model.state)
        const twin = clone(model.state)
        deepStrictEqual(dumpModel(twin), before)
        try {
          apply(twin, op as never, now)
        } catch {}
        deepStrictEqual(dumpModel(model.state), before)
      })
    }),
    { seed, ...path, numRuns: 50 },
  )
})

test('what throws has changed nothing', () => {
  const model = new Model()
  const step = (number: number) => {
    const rest = { lease: 1_000, keepFailed: 1, settle: [], renew: [], started: [], claim: 1, slots: 1, leaving: false }
    return model.call({ verb: 'step', request: { worker: 'w', number, lane: 0, ...rest } }, 1_000_000)
  }
  step(1)
  step(3)
  const before = dumpModel(model.state)
  expect(step(1)).toEqual({ thrown: 'REFUSED' })
  expect(dumpModel(model.state)).toEqual(before)
})
