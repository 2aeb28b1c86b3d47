import { deepStrictEqual } from 'node:assert'
import type { Op, QueueState } from '../../src/memory/model.js'
import type { Held, StepReply, SweepReply } from '../../src/step.js'
import type { PublishReply, State } from '../../src/store.js'
import { VERDICTS } from '../../src/verdict.js'
import { dumpModel } from '../model/dump.js'
import { checkState, equal, hold } from '../model/laws.js'
import { withdrawnBy } from '../model/withdrawn.js'
import { checkBrought, checkClaimed, checkEnd } from './life.js'
import { about, nextPayload, stateOf, triesOf } from './places.js'
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
      checkPublish(call, op, reply as PublishReply)
      break
    case 'step':
      checkStep(call, op, reply as StepReply, world, ended)
      break
    case 'sweep':
      checkSweep(call, op, reply as SweepReply, ended)
      break
    case 'withdraw':
      for (const id of withdrawnBy(op.request, reply as State[])) {
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
    const open = after.queued.size + after.prioritized.size > 0 && after.control.hold <= Math.floor(call.now / 1_000)
    hold(!entered || !open || after.wake === 1, 'there is a line and nobody is woken')
  }
}

/** The verdict tells the state that was met: a `duplicate` was there at an instant of the call. */
function checkPublish(call: Call, op: Op<'publish'>, { verdicts, dueAt }: PublishReply): void {
  const { before, after, now } = call
  equal('one verdict', op.request.ids.length + verdicts.length, 2)
  const id = op.request.ids[0] as string
  const ms = Math.floor(now / 1_000)
  const verdict = VERDICTS[verdicts]
  if (verdict === undefined) throw new Error(`no verdict: ${verdicts}`)
  const { was, outcome } = verdict
  equal(`${id} was met`, was, stateOf(before, id, ms))
  const refused = 'hmnxz'.includes(verdicts)
  hold(refused || after.committed.has(id), `${id} was published and is nowhere`)
  const { totals } = before
  const enters = 'qfwg'.includes(verdicts)
  equal('entered', after.totals.entered - totals.entered, Number(enters))
  const duplicate = !enters && outcome !== 'rerun' && !'nxz'.includes(verdicts)
  equal('duplicates', after.totals.duplicates - totals.duplicates, Number(duplicate))
  equal('owed anew', Number(after.owed.has(id)) - Number(before.owed.has(id)), Number(outcome === 'rerun'))
  const due = after.owed.get(id)?.due ?? after.delayed.score(id) ?? 0
  equal('told to be due', dueAt?.[0] ?? 0, due)
  const soon = verdicts === 'v' && due === 0
  equal('where it is', stateOf(after, id, ms), outcome === 'queued' || soon ? 'queued' : enters ? 'delayed' : was)
  checkBrought(call, op, verdicts, verdict)
}

function checkStep(call: Call, op: Op<'step'>, reply: StepReply, world: World, ended: Set<string>): void {
  const { before, after, now } = call
  const { worker, number, lane, claim, slots, settle, renew, leaving } = op.request
  const repeated = before.steps.get(`${worker}:${lane}`)?.number === number
  const { token, ids } = reply
  const counted = { done: 0, failed: 0, retried: 0, lost: 0 }
  eachMark(settle, reply.settled, (id, mark, held, group, nth) => {
    if (repeated) return
    const one = settle[group] as (typeof settle)[number]
    const { end } = one
    equal(`fencing: ${id} is ${held}`, mark !== '0', bare(before.lease.get(id)) === held)
    if (mark === '0') {
      counted.lost++
      if (!ids.includes(id)) deepStrictEqual(about(after, id), about(before, id), 'a stranger changed something')
      return
    }
    equal(`the mark of ${id}`, mark === 'w', before.withdrawn.has(id))
    const superseded = before.owed.get(id)?.superseded === true && !before.withdrawn.has(id)
    equal(`the mark of ${id}`, mark === 's', superseded && end !== 'done')
    hold(bare(after.lease.get(id)) !== held, `${id} was ended under ${held}, and is still held under it`)
    if (mark === '1' && end === 'done') counted.done++
    if (mark === '1' && end === 'fail') counted.failed++
    if (mark === '1' && end === 'retry') counted.retried++
    const stays = before.owed.has(id) || (mark === '1' && (end === 'release' || end === 'retry'))
    equal(`${id} stays`, after.committed.has(id), stays)
    if (!stays) ended.add(id)
    if (mark === '1') checkEnd(call, id, one, nth, op, ids.includes(id))
    else equal(`tries of ${id}, withdrawn or superseded`, triesOf(after, id).join(), '0,0')
  })
  for (const name of ['done', 'failed', 'retried', 'lost'] as const) {
    equal(`ends counted as ${name}`, after.totals[name] - before.totals[name], counted[name])
  }
  eachMark(renew, reply.renewed, (id, mark, held) => {
    equal(`fencing: renewal of ${id}`, mark !== '0', bare(before.lease.get(id)) === held)
    if (mark !== '0') equal('the lease end', after.processing.score(id), Math.floor(now / 1000) + LEASE)
  })
  hold(ids.length <= claim && new Set(ids).size === ids.length, 'claimed: too many, or one twice')
  for (const id of ids) equal(`the lease of ${id}`, bare(after.lease.get(id)), token)
  checkClaimed(call, reply, world)
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
    equal(`where ${id} is`, stateOf(after, id, ms), place)
    const [attempts, past] = triesOf(before, id)
    const counts = counted(before)({ id, started })
    equal(`jams of ${id}`, jams, past + Number(counts))
    const forgotten = before.withdrawn.has(id) || before.owed.get(id)?.superseded === true || jams > op.request.maxJams
    equal(`tries of ${id}`, triesOf(after, id).join(), forgotten ? '0,0' : `${attempts},${jams}`)
    if (before.owed.has(id)) equal(`${id}, owed a run,`, place, forgotten || jams < 2 ? 'queued' : 'delayed')
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
    started && !before.withdrawn.has(id) && before.owed.get(id)?.superseded !== true

/** A step that comes again gives the same answer: of its claims, those it still holds. */
export function checkAgain({ before, op, told }: Call, first: StepReply | null): void {
  if (first === null || op.verb !== 'step') return
  const { worker, number, lane } = op.request
  const record = before.steps.get(`${worker}:${lane}`)
  // Forgotten (the server went back), so that it is a new step.
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
  for (const [id, { serving, version }] of promises) {
    hold(server.committed.has(id), `L3: ${id} was promised a run and is gone`)
    const runs = server.processing.has(id) && !server.owed.has(id)
    hold(!runs || bare(server.lease.get(id)) === serving, `L3: ${id} was promised a run, and none is due`)
    const due = Number(nextPayload(server, id) ?? 0)
    hold(due >= version, `L3: ${id} will see version ${due}, and was promised ${version}`)
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
  tell: (id: string, mark: string, token: string, group: number, nth: number) => void,
): void {
  let place = 0
  groups.forEach(({ ids, token }, group) => {
    for (const [nth, id] of ids.entries()) tell(id, marks[place++] ?? '1', token, group, nth)
  })
}

const settled = (groups: readonly Held[], id: string): boolean => groups.some(({ ids }) => ids.includes(id))

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
