import type { Counts, Totals } from '../figures.js'
import { TOTALS } from '../figures.js'
import type { Jammed, StepReply, SweepReply } from '../step.js'
import type { Encounter, Inspection, Messages, Page, PublishReply, Recollection, Scheduled, State } from '../store.js'
import type { Answer } from './call.js'

/** What the scripts answer, read into the contract's shapes. */

const STATES: Readonly<Record<string, State>> = {
  a: 'absent',
  q: 'queued',
  y: 'delayed',
  p: 'processing',
  f: 'failed',
  m: 'remembered',
}

type Verdicts = string | [string, number[], (string | null)[], string[]]

export function publish(reply: unknown, repeated: boolean): PublishReply {
  if (typeof reply === 'string') return { verdicts: reply, repeated }
  const [verdicts, dueAt, results, epochs] = reply as Exclude<Verdicts, string>
  return {
    verdicts,
    ...(dueAt.length > 0 ? { dueAt: dueAt.map(Number) } : {}),
    ...(results.length > 0 ? { results } : {}),
    ...(epochs.length > 0 ? { epochs: epochs.map(Number) } : {}),
    repeated,
  }
}

export function encounter({ reply, repeated }: Answer): Encounter {
  return { states: [...(reply as string)].map((letter) => STATES[letter] as State), repeated }
}

/** The first three on a plain lane. */
type StepAnswer = [string, number, string[], string?, string?, number?, string[]?, (string | null)[]?]

const NONE: readonly string[] = []

export function step(reply: unknown): StepReply {
  if (typeof reply === 'string') return loneStep(reply)
  const [token, more, ids, settled = '', renewed = '', dueIn = -1, tries = [], payloads] = reply as StepAnswer
  const answer = { settled, renewed, token, ids, tries, more: more === 1, dueIn }
  return payloads?.some((one) => one !== null) ? { ...answer, payloads } : answer
}

/** `1` where there are more, the token, a space and the ID, which may have spaces of its own. */
function loneStep(reply: string): StepReply {
  const end = reply.indexOf(' ')
  const token = end < 0 ? '' : reply.slice(1, end)
  const ids = end < 0 ? NONE : [reply.slice(end + 1)]
  return { settled: '', renewed: '', token, ids, tries: NONE, more: reply.charCodeAt(0) === 49, dueIn: -1 }
}

export function recollections(reply: unknown): readonly Recollection[] {
  const cells = reply as (string | null)[]
  return Array.from({ length: cells.length / 2 }, (_, i) => {
    const [, epoch = '0', text = null] = /^(\d+) (.*)$/s.exec(cells[2 * i] ?? '') ?? []
    return { result: text, epoch: Number(epoch), log: cells[2 * i + 1]?.split('\n') ?? [] }
  })
}

export function messages(reply: unknown): Messages {
  const [first, last, ...texts] = reply as [number, number, ...string[]]
  return { first, last, texts }
}

export function schedules(reply: unknown): readonly Scheduled[] {
  const cells = reply as string[]
  const read = (_: unknown, i: number): Scheduled => {
    const [, slot = '0', text = ''] = /^(\d+) (.*)$/s.exec(cells[2 * i + 1] as string) ?? []
    return { id: cells[2 * i] as string, text, slot: Number(slot) }
  }
  return Array.from({ length: cells.length / 2 }, read)
}

export function sweep(reply: unknown): SweepReply {
  const [held, wait, more, ...rest] = reply as [number, number, number, ...unknown[]]
  const jammed: Jammed[] = []
  for (let i = 0; i < rest.length; i += 5) {
    const [id, token, jams, started, now] = rest.slice(i, i + 5) as [string, string, number, number, Jammed['now']]
    jammed.push({ id, token, jams, started: started === 1, now })
  }
  return { held: held === 1, wait, more: more === 1, jammed }
}

export function page(reply: unknown): Page {
  const [cursor, ...ids] = reply as [number, ...string[]]
  return { ids, cursor: cursor < 0 ? null : cursor }
}

type Texts = (string | null)[]
type Figures = [number, number, number, number, number, number, number, number, Texts, number, number]

export function counts(reply: unknown): Counts {
  const [now, committed, processing, delayed, failed, runningSince, approximate, waitingSince, ...rest] =
    reply as Figures
  const [numbers, remembered, paused] = rest
  const totals = Object.fromEntries(TOTALS.map((name, i) => [name, Number(numbers[i] ?? 0)])) as Totals
  const queued = committed - processing - delayed
  return {
    now,
    committed,
    queued,
    delayed,
    processing,
    failed,
    totals,
    runningSince,
    approximate: approximate === 1,
    waitingSince,
    remembered,
    paused: paused === 1,
  }
}

type Cells = (string | number | null)[]
type Columns = [number[], Cells, Texts, Cells, Cells, Cells, Texts, Texts, number[], Cells, ...Rest]
type Rest = [Cells, Cells, Texts, Texts, number]

export function inspections(ids: readonly string[], reply: unknown): readonly Inspection[] {
  const [committed, leaseEnds, tokens, due, failed, failures, errors, tries, withdrawn, owed, ...rest] =
    reply as Columns
  const [forgetAt, priorities, payloads, progress, now] = rest
  return ids.map((id, i): Inspection => {
    const known = Number(forgetAt[i] ?? 0) > now
    const state = stateOf(committed[i] === 1, leaseEnds[i], due[i], failed[i], known)
    const [attempts = '0', jams = '0'] = (tries[i] ?? '').split(':')
    const error = /^(\d+) (.*)$/s.exec(errors[i] ?? '')
    const token = tokens[i] ?? ''
    return {
      id,
      state,
      ...(state === 'delayed' ? { dueAt: Number(due[i]) } : {}),
      ...(state === 'processing' ? { leaseEnd: Number(leaseEnds[i]), token: token.replace(/^~/, '') } : {}),
      ...(state === 'processing' && token.startsWith('~') ? { ahead: true as const } : {}),
      ...(withdrawn[i] === 1 ? { withdrawn: true as const } : {}),
      ...(typeof owed[i] === 'string' ? { owed: true as const } : {}),
      attempts: Number(attempts || 0),
      jams: Number(jams),
      failures: Number(failed[i] ?? failures[i] ?? 0),
      ...(error ? { error: error[2] as string, failedAt: Number(error[1]) } : {}),
      ...(priorities[i] === null ? {} : { priority: Number(priorities[i]) }),
      ...(typeof payloads[i] === 'string' ? { payload: payloads[i] as string } : {}),
      ...(typeof progress[i] === 'string' ? { progress: progress[i] as string } : {}),
      ...(state === 'remembered' ? { forgetAt: Number(forgetAt[i]) } : {}),
    }
  })
}

type Spot = Cells[number] | undefined

function stateOf(committed: boolean, leaseEnd: Spot, due: Spot, failed: Spot, known: boolean): State {
  if (!committed && known) return 'remembered'
  if (!committed) return failed === null || failed === undefined ? 'absent' : 'failed'
  if (leaseEnd !== null && leaseEnd !== undefined) return 'processing'
  return due === null || due === undefined ? 'queued' : 'delayed'
}
