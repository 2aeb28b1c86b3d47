import type { Counts, Inspection, Jammed, Page, State, StepReply, SweepReply, Totals } from '../store.js'
import { TOTALS } from '../store.js'

/** What the scripts answer, read into the contract's shapes. */

const STATES: Readonly<Record<string, State>> = { a: 'absent', q: 'queued', y: 'delayed', p: 'processing', f: 'failed' }

export function states(reply: unknown): readonly State[] {
  return [...(reply as string)].map((letter) => STATES[letter] as State)
}

type StepAnswer = [string, string, string, number, number, string[], string[]]

export function step(reply: unknown): StepReply {
  const [settled, renewed, token, more, dueIn, ids, tries] = reply as StepAnswer
  return { settled, renewed, token, ids, tries, more: more === 1, dueIn }
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

export function counts(reply: unknown): Counts {
  const [now, committed, processing, delayed, failed, runningSince, approximate, waitingSince, numbers] = reply as [
    ...number[],
    (string | null)[],
  ] as [number, number, number, number, number, number, number, number, (string | null)[]]
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
  }
}

type Cell = string | number | null
type Columns = [
  number[],
  Cell[],
  (string | null)[],
  Cell[],
  Cell[],
  Cell[],
  (string | null)[],
  (string | null)[],
  number[],
  Cell[],
]

export function inspections(ids: readonly string[], reply: unknown): readonly Inspection[] {
  const [committed, leaseEnds, tokens, due, failed, failures, errors, tries, withdrawn, owed] = reply as Columns
  return ids.map((id, i): Inspection => {
    const state = stateOf(committed[i] === 1, leaseEnds[i], due[i], failed[i])
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
    }
  })
}

function stateOf(
  committed: boolean,
  leaseEnd: Cell | undefined,
  due: Cell | undefined,
  failed: Cell | undefined,
): State {
  if (!committed) return failed === null || failed === undefined ? 'absent' : 'failed'
  if (leaseEnd !== null && leaseEnd !== undefined) return 'processing'
  return due === null || due === undefined ? 'queued' : 'delayed'
}
