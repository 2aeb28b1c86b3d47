import type { Op } from '../../src/memory/model.js'
import type { Settlement, StepReply } from '../../src/step.js'
import type { VERDICTS } from '../../src/verdict.js'
import { equal, hold } from '../model/laws.js'
import { about, nextPayload, stateOf, triesOf } from './places.js'
import type { Call } from './server.js'
import { bare, type World } from './world.js'

// The laws of what a job lives through besides being run: its times, its payload, its priority, its attempts.

type Verdict = (typeof VERDICTS)[string]

/** A publish moves times as its policy says, brings the newest payload where it says so, and cuts no backoff short. */
export function checkBrought(call: Call, { request }: Op<'publish'>, letter: string, { was, outcome }: Verdict): void {
  const { before, after, now } = call
  const { ids, policy, traits } = request
  const [id, { payload, delay = 0, priority } = {}] = [ids[0] as string, traits?.[0]]
  const ms = Math.floor(now / 1_000)
  if ('hmnpxz'.includes(letter)) {
    const changed = letter === 'p' || was === 'failed'
    if (changed) equal(`${id}, met ${was},`, JSON.stringify(about(after, id)), JSON.stringify(about(before, id)))
    return
  }
  const enters = 'qfwg'.includes(letter)
  const owes = was === 'processing' && policy.processing !== 'discard'
  if (enters || letter === 'r' || owes || policy.waiting === 'replace') {
    equal(`the payload due of ${id}`, nextPayload(after, id), payload)
  } else equal(`the payload due of ${id}`, nextPayload(after, id), nextPayload(before, id))
  if (enters) equal(`the priority of ${id}`, after.priority.get(id) ?? 0, priority ?? 0)
  else if (was !== 'processing') {
    const old = before.priority.get(id) ?? 0
    equal(`the priority of ${id}`, after.priority.get(id) ?? 0, Math.max(old, priority ?? old))
  }
  if (enters) equal(`${id} is due`, after.delayed.score(id) ?? 0, delay > 0 ? ms + delay : 0)
  if (was !== 'delayed') return
  const due = before.delayed.score(id) as number
  const wanted = policy.timing === 'earliest' ? Math.min(due, ms + delay) : due
  const [attempts, jams] = triesOf(before, id)
  const should = attempts + jams > 0 ? due : wanted
  // What is made due now is in line.
  equal(`${id} is due`, after.delayed.score(id) ?? 0, should < due && should <= ms ? 0 : should)
  hold(outcome !== 'duplicate' || nextPayload(after, id) === nextPayload(before, id), `${id} changed in silence`)
}

/** What becomes of an ID by the end that a handler gave it, and was granted. */
export function checkEnd(call: Call, id: string, end: Settlement, nth: number, op: Op<'step'>, again: boolean): void {
  const { before, after, now } = call
  const ms = Math.floor(now / 1_000)
  const { remember = 0, ordered = false } = op.request.policy ?? {}
  const owed = before.owed.get(id)
  if (end.end === 'done' && owed === undefined) {
    equal(`${id} is remembered until`, after.remembered.score(id) ?? 0, remember > 0 ? ms + remember : 0)
  }
  if (owed !== undefined && (end.end === 'done' || end.end === 'fail')) {
    equal(`${id} begins anew`, triesOf(after, id).join(), '0,0')
  }
  if (end.end !== 'retry') return
  const [attempts] = triesOf(before, id)
  equal(`the attempts of ${id}`, triesOf(after, id).join(), `${attempts + 1},0`)
  const due = Math.max(ms + (end.delays[nth] as number), owed?.due ?? 0)
  if (ordered) hold(after.control.hold >= due, `${id} is to be tried again, and the line goes on`)
  else equal(`the backoff of ${id}`, after.delayed.score(id), due)
  hold(!again, `${id} is claimed before its backoff is over`)
}

/** Nothing is claimed before its time, past one of a higher priority, or with an older payload than was promised. */
export function checkClaimed({ before, after, now }: Call, { token, ids, payloads }: StepReply, world: World): void {
  const ms = Math.floor(now / 1_000)
  const lowest = Math.min(...ids.map((id) => after.priority.get(id) ?? 0))
  ids.forEach((id, nth) => {
    const payload = payloads?.[nth] ?? undefined
    equal(`the payload of ${id}`, payload, after.payload.get(id))
    if (bare(before.lease.get(id)) === token) return
    const { version } = world.promises.get(id) ?? { version: 0 }
    hold(Number(payload ?? 0) >= version, `L3: ${id} runs with version ${payload}, and was promised ${version}`)
    hold((before.delayed.score(id) ?? 0) <= ms, `${id} is claimed before its time`)
    hold(before.control.hold <= ms, `${id} is claimed while the line is held`)
    for (const other of after.committed) {
      if (stateOf(after, other, ms) !== 'queued') continue
      hold((after.priority.get(other) ?? 0) <= lowest, `${other} was passed by`)
    }
  })
}
