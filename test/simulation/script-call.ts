import type { Op, Reply, Verb } from '../../src/memory/model.js'
import { scriptsFor } from '../../src/redis/scripts.js'
import type {
  Control,
  ControlReply,
  Counts,
  Held,
  Inspection,
  ListRequest,
  Page,
  Settlement,
  State,
  StepReply,
  StepRequest,
  SweepReply,
  SweepRequest,
} from '../../src/store.js'

// What a command on the wire asks of the model, and what the model answers as the scripts would: the mirror image of
// `src/redis/step-arguments.ts` and `src/redis/replies.ts`.

export const PREFIX = 'sim'
export const QUEUE = 'q'
const NAMES = new Map(Object.values(scriptsFor(PREFIX, QUEUE)).map(({ sha, name }) => [sha, name]))

export type Command =
  | { readonly kind: 'script'; readonly sha: string; readonly op: Op }
  | { readonly kind: 'check'; readonly sha: string }
  | { readonly kind: 'load'; readonly text: string }
  | { readonly kind: 'info' }
  | { readonly kind: 'blpop'; readonly key: string; readonly seconds: number }

export function readCommand(command: readonly string[]): Command {
  const [verb = '', first = '', second = ''] = command
  if (verb.startsWith('EVALSHA') && NAMES.get(first) === 'check') return { kind: 'check', sha: first }
  if (verb.startsWith('EVALSHA'))
    return { kind: 'script', sha: first, op: readScript(first, command.slice(3 + Number(second))) }
  if (verb === 'SCRIPT' && first === 'LOAD') return { kind: 'load', text: second }
  // The check of the server asks for INFO behind an EXISTS.
  if (verb === 'INFO' || verb === 'EXISTS') return { kind: 'info' }
  if (verb === 'BLPOP') return { kind: 'blpop', key: first, seconds: Number(second) }
  throw new Error(`the simulated server does not know ${command.slice(0, 2).join(' ')}`)
}

function readScript(sha: string, args: string[]): Op {
  const name = NAMES.get(sha)
  switch (name) {
    case 'publish':
      return { verb: 'publish', request: { policy: { processing: 'discard' }, ids: args.slice(1) } }
    case 'step':
      return { verb: 'step', request: readStep(args) }
    case 'sweep':
      return { verb: 'sweep', request: readSweep(args) }
    case 'withdraw':
      return { verb: 'withdraw', request: args }
    case 'inspect':
      return { verb: 'inspect', request: args }
    case 'list':
      return { verb: 'list', request: readList(args) }
    case 'counts':
      return { verb: 'counts', request: null }
    case 'open':
      return control({ order: 'open', digest: args[1] ?? '' })
    case 'clear':
      return control({ order: 'clear' })
    case 'wake':
      return control({ order: 'wake' })
    default:
      throw new Error(`the simulated server does not run ${name ?? sha}`)
  }
}

function readList([state, cursor, limit]: string[]): ListRequest {
  return { state: state as ListRequest['state'], cursor: Number(cursor), limit: Number(limit) }
}

function control(request: Control): Op<'control'> {
  return { verb: 'control', request }
}

function readStep(args: string[]): StepRequest {
  const [worker = '', number, lane, lease, keepFailed, claim, slots, leaving] = args
  const numbers = { number: Number(number), lease: Number(lease), keepFailed: Number(keepFailed) }
  let at = 8
  const take = (size: number): string[] => {
    at += size
    return args.slice(at - size, at)
  }
  const list = (): { kind: string; token: string; ids: string[] }[] => {
    const groups = Number(args[at++])
    const heads = Array.from({ length: groups }, (_, g) => args.slice(at + 3 * g, at + 3 * g + 3))
    at += 3 * groups
    return heads.map(([kind = '', token = '', size]) => ({ kind, token, ids: take(Number(size)) }))
  }
  const settle = list().map(({ kind, token, ids }): Settlement => {
    if (kind === 'd') return { end: 'done', token, ids }
    if (kind === 'r') return { end: 'release', token, ids }
    return { end: 'fail', token, ids, errors: take(ids.length) }
  })
  const held = ({ token, ids }: Held): Held => ({ token, ids })
  const [renew, started] = [list().map(held), list().map(held)]
  if (at !== args.length) throw new Error(`step: ${args.length - at} arguments too many`)
  const wish = { settle, renew, started, claim: Number(claim), slots: Number(slots), leaving: leaving === '1' }
  return { worker, ...numbers, lane: Number(lane) as StepRequest['lane'], ...wish }
}

function readSweep(args: string[]): SweepRequest {
  const [limit, maxJams, keepFailed, lease, jitter, error = '', id = '', every] = args
  const numbers = { limit: Number(limit), maxJams: Number(maxJams), keepFailed: Number(keepFailed) }
  const guard = id === '' ? null : { id, every: Number(every) }
  return { ...numbers, lease: Number(lease), jitter: Number(jitter), error, guard }
}

const WRITERS: { readonly [V in Verb]?: (reply: never) => unknown } = {
  publish: ({ verdicts }: { verdicts: string }) => verdicts,
  step: ({ settled, renewed, token, more, dueIn, ids, tries }: StepReply) => [
    settled,
    renewed,
    token,
    more ? 1 : 0,
    dueIn,
    ids,
    tries,
  ],
  sweep: ({ held, wait, more, jammed }: SweepReply) => [
    held ? 1 : 0,
    wait,
    more ? 1 : 0,
    ...jammed.flatMap(({ id, token, jams, started, now }) => [id, token, jams, started ? 1 : 0, now]),
  ],
  withdraw: (states: readonly State[]) => states.map((state) => (state === 'delayed' ? 'y' : state[0])).join(''),
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
  ],
  list: ({ ids, cursor }: Page) => [cursor ?? -1, ...ids],
  counts: ({ now, committed, processing, delayed, failed, totals, ...rest }: Counts) => [
    ...[now, committed, processing, delayed, failed],
    ...[rest.runningSince, rest.approximate ? 1 : 0, rest.waitingSince],
    Object.values(totals).map(String),
  ],
  control: ({ count, digest }: ControlReply) => (digest === '' ? count : digest),
}

export function writeReply(op: Op, reply: Reply): unknown {
  if (op.verb === 'control' && op.request.order === 'open') return (reply as ControlReply).digest
  return (WRITERS[op.verb] as (reply: Reply) => unknown)(reply)
}
