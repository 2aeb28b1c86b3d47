import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apply, clone, type Op } from '../../src/memory/model.js'
import { dumpModel } from './dump.js'
import { Model, Watch } from './laws.js'
import { games, type Move } from './moves.js'
import { Player } from './player.js'
import { settings } from './settings.js'

function playAll(moves: readonly Move[], each: (model: Model, op: Op | null, now: number) => void): void {
  const model = new Model()
  const player = new Player()
  const watch = new Watch()
  for (const move of moves) {
    const op = player.play(move, model.state.totals.taken)
    each(model, op, player.now)
    if (move.kind === 'take') model.state.wake = 0
    if (op === null) continue
    const told = model.call(op, player.now)
    if ('thrown' in told) {
      deepStrictEqual([op.verb, told.thrown], ['step', 'REFUSED'])
      continue
    }
    player.hear(op, told.reply)
    watch.check(model.state, op, told.reply, player.now)
  }
}

const { seed, path, runs } = settings(400)

test(`the laws hold after every call of a random game (seed ${seed})`, () => {
  fc.assert(
    fc.property(games(200), (moves) => playAll(moves, () => {})),
    { seed, ...path, numRuns: runs },
  )
}, 120_000)

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
