import { deepStrictEqual } from 'node:assert'
import type { Op, QueueState } from '../../src/memory/model.js'
import type { Held, PublishReply, StepReply, SweepReply } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { dumpModel } from '../model/dump.js'
import { checkState, equal, hold } from '../model/laws.js'
import type { Call } from './server.js'
import { bare, LEASE, type World } from './world.js'

// The laws of DESIGN.md, section 3, as they show in one call: what the server met, what it answered, what it left. They
// are said here without the code of src/memory, since it is on trial.

/** One call. `world` is the one before it. */
export function checkCall(call: Call, world: World): void {
  const { before, op, told, after } = call
  if ('thrown' in told) {
    deepStrictEqual([op.verb, told.thrown], ['step', 'REFUSED'])
    deepStrictEqual(dumpModel(after), dumpModel(before))
    return
  }
  checkState(after)
  const { reply } = told
  const ended = new Set<string>()
  switch (op.verb) {
    case 'publish':
      checkPublish(before, op, reply as PublishReply, after)
      break
    case 'step':
      checkStep(call, op, reply as StepReply, world, ended)
      break
    case 'sweep':
      checkSweep(call, op, reply as SweepReply, ended)
      break
    case 'withdraw':
      for (const id of op.request) {
        ended.add(id)
        hold(!after.committed.has(id) || after.withdrawn.has(id), `${id} was withdrawn and goes on`)
      }
      break
    case 'control':
      for (const id of before.committed) if (!before.processing.has(id)) ended.add(id)
  }
  for (const id of before.committed) {
    hold(after.committed.has(id) || ended.has(id), `L4: ${id} left, and no end of it was told`)
  }
  for (const id of after.committed) {
    hold(before.committed.has(id) || op.verb === 'publish', `${id} came from nowhere`)
  }
  if (['publish', 'step', 'sweep'].includes(op.verb) && (reply as SweepReply).held !== false) {
    const entered = op.verb !== 'publish' || /[qf]/.test((reply as PublishReply).verdicts)
    hold(!entered || after.queued.size === 0 || after.wake === 1, 'there is a line and nobody is woken')
  }
}

/** The verdict tells the state that was met: a `duplicate` was committed at an instant of the call. */
function checkPublish(before: QueueState, op: Op<'publish'>, { verdicts }: PublishReply, after: QueueState): void {
  equal('one verdict', op.request.ids.length + verdicts.length, 2)
  const id = op.request.ids[0] as string
  const { was, outcome } = VERDICTS[verdicts] ?? { was: `no verdict: ${verdicts}`, outcome: '' }
  equal(`${id} was met`, was, stateOf(before, id))
  hold(after.committed.has(id), `${id} was published and is nowhere`)
  const { totals } = before
  equal('entered', after.totals.entered - totals.entered, Number(outcome === 'queued'))
  equal('duplicates', after.totals.duplicates - totals.duplicates, Number(outcome === 'duplicate'))
  equal('owed anew', Number(after.owed.has(id)) - Number(before.owed.has(id)), Number(outcome === 'rerun'))
  equal('where it is', stateOf(after, id), outcome === 'queued' ? 'queued' : was)
}

function checkStep(call: Call, op: Op<'step'>, reply: StepReply, world: World, ended: Set<string>): void {
  const { before, after, now } = call
  const { worker, number, lane, claim, slots, settle, renew, leaving } = op.request
  const repeated = before.steps.get(`${worker}:${lane}`)?.number === number
  const { token, ids } = reply
  const counted = { done: 0, failed: 0, lost: 0 }
  eachMark(settle, reply.settled, (id, mark, held, group) => {
    if (repeated) return
    const { end } = settle[group] as (typeof settle)[number]
    equal(`fencing: ${id} is ${held}`, mark !== '0', bare(before.lease.get(id)) === held)
    if (mark === '0') {
      counted.lost++
      if (!ids.includes(id)) deepStrictEqual(about(after, id), about(before, id), 'a stranger changed something')
      return
    }
    equal(`the mark of ${id}`, mark === 'w', before.withdrawn.has(id))
    hold(bare(after.lease.get(id)) !== held, `${id} was ended under ${held}, and is still held under it`)
    if (mark === '1' && end === 'done') counted.done++
    if (mark === '1' && end === 'fail') counted.failed++
    const stays = before.owed.has(id) || (mark === '1' && end === 'release')
    equal(`${id} stays`, after.committed.has(id), stays)
    if (!stays) ended.add(id)
  })
  for (const name of ['done', 'failed', 'lost'] as const) {
    equal(`ends counted as ${name}`, after.totals[name] - before.totals[name], counted[name])
  }
  eachMark(renew, reply.renewed, (id, mark, held) => {
    equal(`fencing: renewal of ${id}`, mark !== '0', bare(before.lease.get(id)) === held)
    if (mark !== '0') equal('the lease end', after.processing.score(id), Math.floor(now / 1000) + LEASE)
  })
  hold(ids.length <= claim && new Set(ids).size === ids.length, 'claimed: too many, or one twice')
  for (const id of ids) equal(`the lease of ${id}`, bare(after.lease.get(id)), token)
  if (repeated || token === '') return
  ids.forEach((id, nth) => {
    hold(bare(before.lease.get(id)) === undefined || settled(settle, id), `L2: ${id} was claimed while it was held`)
    equal(`claimed ahead: ${id}`, after.lease.get(id)?.startsWith('~'), nth >= slots)
  })
  hold(!leaving, 'a worker that leaves claims')
  hold(token.endsWith(`:${worker}:${number}`), `L2: ${token} does not name its step`)
  hold(Number(token.split(':')[0]) > before.totals.epoch, `L2: epoch of ${token} after ${before.totals.epoch}`)
  hold(!tokensOf(world).has(token), `L2: ${token} came twice`)
}

function checkSweep({ before, after, now }: Call, op: Op<'sweep'>, reply: SweepReply, ended: Set<string>): void {
  const { jammed, held } = reply
  const ms = Math.floor(now / 1000)
  hold(held || jammed.length === 0, 'swept from another guard’s seat')
  const late = ms > before.guard.at + LEASE / 2 || ms < before.guard.at
  hold(!late || jammed.length === 0, 'a late guard gave the living no time')
  for (const { id, token, started, now: place, jams } of jammed) {
    hold((before.processing.score(id) ?? ms + 1) <= ms, `${id} was taken before its lease end`)
    equal(`the lapsed claim of ${id}`, before.lease.get(id), started ? token : `~${token}`)
    equal(`where ${id} is`, stateOf(after, id), place)
    const past = Number((before.tries.get(id) ?? '0:0').split(':')[1])
    const counts = started && !before.withdrawn.has(id)
    equal(`jams of ${id}`, jams, past + Number(counts))
    if (before.owed.has(id)) equal(`${id}, owed a run,`, place, 'queued')
    else if (before.withdrawn.has(id)) equal(`${id}, withdrawn,`, place, 'absent')
    else if (!started) equal(`${id}, not started,`, place, 'queued')
    else equal(`${id} after ${jams} jams`, place, after.failed.has(id) || jams > op.request.maxJams ? 'failed' : place)
    if (place === 'failed' || place === 'absent') ended.add(id)
  }
  equal('jams counted', after.totals.jammed - before.totals.jammed, jammed.filter(counted(before)).length)
  for (const [id, was] of before.lease) {
    if (!jammed.some((one) => one.id === id)) equal(`the lease of ${id}`, after.lease.get(id), was)
  }
}

const counted =
  (before: QueueState) =>
  ({ id, started }: { id: string; started: boolean }): boolean =>
    started && !before.withdrawn.has(id)

/** A step that comes again gives the same answer: of its claims, those it still holds. */
export function checkAgain({ before, op, told }: Call, first: StepReply | null): void {
  if (first === null || op.verb !== 'step') return
  const { worker, number, lane } = op.request
  const record = before.steps.get(`${worker}:${lane}`)
  // Forgotten (its worker took its leave, the server went back), so that it is a new step.
  if (record === undefined || record.number < number) return
  if ('thrown' in told) {
    hold(record.number > number, 'a step was refused that was not two behind')
    return
  }
  const { settled: marks, token, ids } = told.reply as StepReply
  equal('the same number again: settled', marks, first.settled)
  equal('the same number again: token', token, first.token)
  // A copy that lags may come after a renewal; nobody reads its answer.
  const still = first.ids.filter((id) => bare(before.lease.get(id)) === token)
  hold(
    ids.every((id) => still.includes(id)),
    'the same number again: other IDs',
  )
  const renewed = still.filter((id) => before.processing.score(id) !== record.leaseEnd)
  equal('the same number again: IDs', ids.length, still.length - renewed.length)
}

/** L3 and L2 as they show between calls: what was promised is under way, what the living hold is theirs. */
export function checkWorld({ server, promises, workers, upset }: World): void {
  for (const [id, serving] of promises) {
    hold(server.committed.has(id), `L3: ${id} was promised a run and is gone`)
    const runs = server.processing.has(id) && !server.owed.has(id)
    hold(!runs || bare(server.lease.get(id)) === serving, `L3: ${id} was promised a run, and none is due`)
  }
  if (upset) return
  const holders = new Set<string>()
  for (const { name, held } of workers) {
    for (const [id, { token, phase }] of held) {
      hold(!holders.has(id), `L2: ${id} runs twice, and no lease has lapsed`)
      holders.add(id)
      equal(`L2: ${id}, held by ${name}, is under`, bare(server.lease.get(id)), token)
      if (phase === 'running' && server.lease.get(id)?.startsWith('~'))
        equal('begun, untold', reported(workers, id), true)
    }
  }
}

/** Is the store about to be told that it started? */
function reported(workers: World['workers'], id: string): boolean {
  return workers.some(({ flights }) => flights.some(({ request }) => settled(request.started, id)))
}

function eachMark(
  groups: readonly Held[],
  marks: string,
  tell: (id: string, mark: string, token: string, group: number) => void,
): void {
  let place = 0
  groups.forEach(({ ids, token }, group) => {
    for (const id of ids) tell(id, marks[place++] ?? '1', token, group)
  })
}

const settled = (groups: readonly Held[], id: string): boolean => groups.some(({ ids }) => ids.includes(id))

function stateOf(state: QueueState, id: string): string {
  if (!state.committed.has(id)) return state.failed.has(id) ? 'failed' : 'absent'
  if (state.processing.has(id)) return 'processing'
  return state.delayed.has(id) ? 'delayed' : 'queued'
}

function about(state: QueueState, id: string): readonly unknown[] {
  const { lease, processing, owed, withdrawn, failed, tries, errors } = state
  const held = [lease.get(id), processing.score(id), owed.has(id), withdrawn.has(id)]
  return [...held, state.committed.has(id), failed.get(id), tries.get(id), errors.get(id)]
}

/** Every token that somebody may still come with. */
function tokensOf({ server, workers, strays }: World): Set<string> {
  const tokens = new Set<string | undefined>([...server.lease.values()].map(bare))
  for (const { held, flights } of workers) {
    for (const { token } of held.values()) tokens.add(token)
    for (const { first } of flights) tokens.add(first?.token)
  }
  for (const { first } of strays) tokens.add(first?.token)
  return tokens as Set<string>
}
