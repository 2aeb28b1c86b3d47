import { apply, clone, type Op, type QueueState, type Reply } from '../../src/memory/model.js'
import type { Told } from '../model/laws.js'
import { checkCall } from './laws.js'
import { keepPromises } from './promises.js'
import type { World } from './world.js'

/** One call as the server saw it: what it met, what it answered, what it left. */
export interface Call {
  readonly before: QueueState
  readonly op: Op
  readonly now: number
  readonly told: Told
  readonly after: QueueState
}

/** The server runs one call: the model does, the laws are held against it, and whoever listens is told. */
export function serve(world: World, op: Op, heard: (call: Call) => void): { world: World; call: Call } {
  // No two scripts run in one microsecond.
  const now = world.now + 1
  const after = clone(world.server)
  const told = run(after, op, now)
  const call = { before: world.server, op, now, told, after }
  heard(call)
  checkCall(call, world)
  return { world: { ...world, server: after, now, promises: keepPromises(world.promises, call) }, call }
}

function run(state: QueueState, op: Op, now: number): Told {
  try {
    return { reply: apply(state, op as never, now) as Reply }
  } catch (error) {
    return { thrown: (error as { code: string }).code }
  }
}
