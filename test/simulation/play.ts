import type { ListedState } from '../../src/store.js'
import type { Actor } from './actor.js'
import type { Habits } from './habits.js'
import { type Move, often, type Parts } from './parts/part.js'
import type { World } from './world.js'

const PLACES: readonly ListedState[] = ['queued', 'delayed', 'processing', 'failed']

/** A program by chance: what every process does with its queue while it lasts, for `span` ms. */
export function play(
  world: World,
  habits: Habits,
  parts: Parts,
  span: number,
  awake: () => readonly Actor[],
  start: (full?: boolean) => void,
): void {
  const { dice, agenda } = world
  const apart = dice.between(20, 250)
  const some = (): string[] => Array.from({ length: dice.whole(1, 5) }, () => dice.pick(habits.ids))
  const byHand = (): Move[] => [
    ...parts.moves,
    ...often(4, ({ hand }) => hand.retry(some())),
    ...often(2, ({ hand }) => hand.promote(some())),
    ...often(1, ({ hand }) => hand.pause()),
    ...often(4, ({ hand }) => hand.resume()),
  ]
  const moves = [
    ...often(30, (actor) => actor.publish(dice.pick(habits.ids))),
    ...often(8, (actor) => actor.publishMany(some())),
    ...often(3, (actor) => actor.publishStream(some())),
    ...often(6, (actor) => actor.hand.withdraw(some())),
    ...often(1, (actor) => actor.hand.clear()),
    ...often(1, (actor) => actor.hand.stats()),
    ...often(4, (actor) => actor.hand.inspect(some())),
    ...often(3, (actor) => actor.hand.list(dice.pick(PLACES))),
    ...often(1, (actor) => actor.wait()),
    ...often(3, (actor) => withWorker(actor, (worker) => actor.pause(worker))),
    ...often(5, (actor) => withWorker(actor, (worker) => actor.resume(worker))),
    ...often(3, (actor) => withWorker(actor, (worker) => actor.resize(worker))),
    ...often(2, (actor) => withWorker(actor, (worker) => actor.closeWorker(worker))),
    ...often(1, (actor) => actor.close()),
    ...often(3, (actor) => (actor.workers.length < 3 ? actor.work() : undefined)),
    ...often(1, (actor) => actor.guard()),
    ...often(2, () => start()),
    ...(habits.features ? byHand() : []),
  ]
  const withWorker = (actor: Actor, act: (worker: Actor['workers'][number]) => void): void => {
    if (actor.workers.length > 0) act(dice.pick(actor.workers))
  }
  const end = world.now + span
  const next = (): void => {
    agenda.add(dice.between(0, 2 * apart), () => {
      if (world.now > end) return
      const actors = awake()
      if (actors.length === 0) start(true)
      else {
        const actor = dice.pick(actors)
        const move = dice.pick(moves)
        // A process that stands still does nothing.
        if (actor.host.stalledUntil <= world.now) actor.host.deliver(0, () => move(actor))
      }
      next()
    })
  }
  next()
}
