import type { Counts } from '../../src/figures.js'
import type { Op, Reply, Verb } from '../../src/memory/model.js'
import type { StepReply, SweepReply } from '../../src/step.js'
import type { ControlReply, Inspection, Page, PublishReply, Recollection, State } from '../../src/store.js'

// What the model answers, as the scripts would: the mirror image of `src/redis/replies.ts`.

const LETTERS: Readonly<Partial<Record<State, string>>> = { delayed: 'y', remembered: 'm' }
const letters = (states: readonly State[]): string => states.map((state) => LETTERS[state] ?? state[0]).join('')

const WRITERS: { readonly [V in Verb]?: (reply: never) => unknown } = {
  publish: ({ verdicts, dueAt, results, epochs }: PublishReply) =>
    dueAt || results || epochs ? [verdicts, dueAt ?? [], results ?? [], (epochs ?? []).map(String)] : verdicts,
  step: ({ settled, renewed, token, more, dueIn, ids, tries, payloads = [] }: StepReply) => [
    token,
    more ? 1 : 0,
    ids,
    settled,
    renewed,
    dueIn,
    tries,
    payloads,
  ],
  sweep: ({ held, wait, more, jammed }: SweepReply) => [
    held ? 1 : 0,
    wait,
    more ? 1 : 0,
    ...jammed.flatMap(({ id, token, jams, started, now }) => [id, token, jams, started ? 1 : 0, now]),
  ],
  withdraw: letters,
  move: letters,
  report: (kept: boolean) => (kept ? 1 : 0),
  recall: (kept: readonly Recollection[]) =>
    kept.flatMap(({ result, epoch, log }) => [
      result === null ? null : `${epoch} ${result}`,
      log.length === 0 ? null : log.join('\n'),
    ]),
  inspect: (seen: readonly Inspection[]) => [
    seen.map(({ state }) => (['queued', 'delayed', 'processing'].includes(state) ? 1 : 0)),
    seen.map(({ leaseEnd }) => leaseEnd ?? null),
    seen.map(({ token, ahead }) => (token === undefined ? null : `${ahead ? '~' : ''}${token}`)),
    seen.map(({ dueAt }) => dueAt ?? null),
    seen.map(({ state, failures }) => (state === 'failed' ? failures : null)),
    seen.map(({ state, failures }) => (state === 'failed' || failures === 0 ? null : String(failures))),
    seen.map(({ error, failedAt }) => (error === undefined ? null : `${failedAt} ${error}`)),
    seen.map(({ attempts, jams }) => `${attempts}:${jams}`),
    seen.map(({ withdrawn }) => (withdrawn ? 1 : 0)),
    seen.map(({ owed }) => (owed ? '' : null)),
    seen.map(({ forgetAt }) => forgetAt ?? null),
    seen.map(({ priority }) => priority ?? null),
    seen.map(({ payload }) => payload ?? null),
    seen.map(({ progress }) => progress ?? null),
    // Nothing that is told remembered is to be forgotten yet.
    0,
  ],
  list: ({ ids, cursor }: Page) => [cursor ?? -1, ...ids],
  counts: ({ now, committed, processing, delayed, failed, totals, ...rest }: Counts) => [
    ...[now, committed, processing, delayed, failed],
    ...[rest.runningSince, rest.approximate ? 1 : 0, rest.waitingSince],
    Object.values(totals).map(String),
    rest.remembered,
    rest.paused ? 1 : 0,
  ],
  control: ({ count, digest, messages, schedules }: ControlReply) => {
    if (messages) return [messages.first, messages.last, ...messages.texts]
    if (schedules) return schedules.flatMap(({ id, slot, text }) => [id, `${slot} ${text}`])
    return digest === '' ? count : digest
  },
}

/** A lone step's, where there is no more to say than that. */
function inOneText({ settled, renewed, token, more, dueIn, ids, tries, payloads }: StepReply): string | undefined {
  if (settled !== '' || renewed !== '' || dueIn >= 0 || ids.length > 1 || tries.length > 0 || payloads) return undefined
  return `${more ? '1' : '0'}${token}${ids.map((id) => ` ${id}`)}`
}

export function writeReply(op: Op, reply: Reply, lone: boolean): unknown {
  const text = lone ? inOneText(reply as StepReply) : undefined
  if (text !== undefined) return text
  if (op.verb === 'control' && op.request.order === 'open') return (reply as ControlReply).digest
  return (WRITERS[op.verb] as (reply: Reply) => unknown)(reply)
}
