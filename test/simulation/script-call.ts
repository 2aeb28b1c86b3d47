import type { Op } from '../../src/memory/model.js'
import type { DedupePolicy, StepPolicy, Traits } from '../../src/policy.js'
import { keyOf } from '../../src/redis/keys.js'
import type { ScriptName } from '../../src/redis/lua.generated.js'
import { scriptsFor } from '../../src/redis/scripts.js'
import type { Held, Settlement, StepRequest, SweepRequest } from '../../src/step.js'
import type { Control, ListedState, ListRequest, PublishRequest, Report, WithdrawRequest } from '../../src/store.js'

// What a command on the wire asks of the model: the mirror image of `src/redis/publish-arguments.ts` and
// `src/redis/step-arguments.ts`.

export const PREFIX = 'sim'
export const QUEUE = 'q'
const LISTENING = keyOf(PREFIX, QUEUE, 'listening')
const SCRIPTS = new Map(Object.values(scriptsFor(PREFIX, QUEUE)).map((script) => [script.sha, script]))

export type Command =
  /** `short`: it names the keys of a plain lane alone. `lone`: a step of few words, which is answered in one text. */
  | { readonly kind: 'script'; readonly sha: string; readonly op: Op; readonly short: boolean; readonly lone: boolean }
  | { readonly kind: 'check'; readonly sha: string }
  | { readonly kind: 'load'; readonly text: string }
  | { readonly kind: 'info' }
  | { readonly kind: 'blpop'; readonly key: string; readonly seconds: number }
  /** Somebody listens: it holds for so many ms. */
  | { readonly kind: 'listening'; readonly ms: number }
  /** No command of a caller's: a wire that hears a channel. */
  | { readonly kind: 'subscribe'; readonly told: (message: string) => void }

export function readCommand(command: readonly string[]): Command {
  const [verb = '', first = '', second = ''] = command
  const script = verb.startsWith('EVALSHA') ? SCRIPTS.get(first) : undefined
  if (script?.name === 'check') return { kind: 'check', sha: first }
  if (script !== undefined) {
    const keys = Number(second)
    const args = command.slice(3 + keys)
    const lone = script.name === 'step' && isLone(args)
    return { kind: 'script', sha: first, op: readScript(script.name, args), short: keys < script.parts.length, lone }
  }
  if (verb === 'SCRIPT' && first === 'LOAD') return { kind: 'load', text: second }
  // The check of the server asks for INFO behind an EXISTS.
  if (verb === 'INFO' || verb === 'EXISTS' || verb === 'CLIENT') return { kind: 'info' }
  if (verb === 'SET' && first === LISTENING) return { kind: 'listening', ms: Number(command[4]) }
  if (verb === 'BLPOP') return { kind: 'blpop', key: first, seconds: Number(second) }
  throw new Error(`the simulated server does not know ${command.slice(0, 2).join(' ')}`)
}

function readScript(name: ScriptName, args: string[]): Op {
  switch (name) {
    case 'publish':
      return { verb: 'publish', request: readPublish(args) }
    case 'step':
      return { verb: 'step', request: readStep(args) }
    case 'sweep':
      return { verb: 'sweep', request: readSweep(args) }
    case 'withdraw':
      return { verb: 'withdraw', request: readWithdraw(args) }
    case 'move':
      return { verb: 'move', request: { from: args[0] as 'failed' | 'delayed', ids: args.slice(1) } }
    case 'report':
      return { verb: 'report', request: readReport(args) }
    case 'recall':
      return { verb: 'recall', request: args }
    case 'steer':
      return control(readOrder(args))
    case 'messages':
      return control(
        args.length === 0
          ? { order: 'schedules' }
          : { order: 'messages', from: Number(args[0]), limit: Number(args[1]) },
      )
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
      throw new Error(`the simulated server does not run ${name}`)
  }
}

function readOrder([order, first = '', slot, text = '']: string[]): Control {
  if (order === 'journal') return { order, keep: Number(first) }
  if (order === 'schedule') return { order, id: first, slot: Number(slot), text: text === '' ? null : text.slice(1) }
  return { order: order as 'pause' | 'resume' }
}

function readWithdraw([from = '', ...ids]: string[]): WithdrawRequest {
  return from === '' ? { ids } : { ids, from: from as ListedState }
}

function readList([state, cursor, limit]: string[]): ListRequest {
  return { state: state as ListRequest['state'], cursor: Number(cursor), limit: Number(limit) }
}

function control(request: Control): Op<'control'> {
  return { verb: 'control', request }
}

const knob = <Word extends string>(letter: string | undefined, words: readonly Word[]): Word =>
  words.find((word) => word[0] === letter) as Word

function readPublish([head = '', ...rest]: string[]): PublishRequest {
  if (head === 'discard') return { policy: { processing: 'discard' }, ids: rest }
  const [knobs = '', maxWait = '', most, bind, brings] = head.split('|')
  const policy: DedupePolicy = {
    waiting: knob(knobs[0], ['discard', 'replace']),
    timing: knob(knobs[1], ['first', 'earliest', 'latest']),
    processing: knob(knobs[2], ['discard', 'rerun', 'supersede']),
    failed: knob(knobs[3], ['revive', 'hold']),
    stamp: knobs[4] === '1',
    ...(maxWait === '' ? {} : { maxWait: Number(maxWait) }),
    maxLength: Number(most),
    ...(bind === '1' ? { bind: true } : {}),
  }
  if (brings !== '1') return { policy, ids: rest }
  const n = rest.length / 5
  const traits = Array.from({ length: n }, (_, i) => readTraits(rest.slice(n + 4 * i, n + 4 * i + 4)))
  return { policy, ids: rest.slice(0, n), traits }
}

function readTraits([due = '', priority = '', payload = '', slot = '']: string[]): Traits {
  return {
    ...(due.startsWith('+') ? { delay: Number(due) } : due === '' ? {} : { runAt: Number(due) }),
    ...(priority === '' ? {} : { priority: Number(priority) }),
    ...(payload === '' ? {} : { payload: payload.slice(1) }),
    ...(slot === '' ? {} : { slot: Number(slot) }),
  }
}

function readReport([id = '', token = '', told = '', most, ttl, ...lines]: string[]): Report {
  const progress = told === '' ? {} : { progress: told.slice(1) }
  return {
    id,
    token,
    ...progress,
    ...(lines.length > 0 ? { log: { lines, most: Number(most), ttl: Number(ttl) } } : {}),
  }
}

function readPolicy(text: string): StepPolicy {
  const [remember, stamped, active, max = 0, per = 0, ordered] = text.split(' ').map(Number)
  const rate = max > 0 ? { rate: { max, per } } : {}
  return {
    remember: remember ?? 0,
    active: active ?? 0,
    ...rate,
    ordered: ordered === 1,
    ...(stamped ? { rememberFrom: 'publish' } : {}),
  }
}

const isLone = (args: readonly string[]): boolean => args.length <= 8

/** A lone step does not tell how many failures are kept. */
export const UNTOLD = -1

/** As it would be told at length. */
function spelledOut(args: string[]): string[] {
  const [token, id] = args.slice(6)
  const settled = token === undefined || id === undefined ? ['0'] : ['1', 'd', token, '1', id]
  return [...args.slice(0, 6), String(UNTOLD), '0', '', ...settled, '0', '0']
}

function readStep(told: string[]): StepRequest {
  const args = isLone(told) ? spelledOut(told) : told
  const [worker = '', number, lane, lease, claim, slots, keepFailed, leaving, policy = ''] = args
  const numbers = { number: Number(number), lease: Number(lease), keepFailed: Number(keepFailed) }
  let at = 9
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
  /** `12 text` */
  const split = (text: string): [number, string] => [Number.parseInt(text, 10), text.slice(text.indexOf(' ') + 1)]
  const settle = list().map(({ kind, token, ids }): Settlement => {
    if (kind === 'd') return { end: 'done', token, ids }
    if (kind === 'r') return { end: 'release', token, ids }
    const texts = take(ids.length)
    if (kind === 'f') return { end: 'fail', token, ids, errors: texts }
    const pairs = texts.map(split)
    if (kind === 'k') return { end: 'done', token, ids, results: pairs.map(([ttl, text]) => ({ ttl, text })) }
    return { end: 'retry', token, ids, errors: pairs.map(([, error]) => error), delays: pairs.map(([delay]) => delay) }
  })
  const held = ({ token, ids }: Held): Held => ({ token, ids })
  const [renew, started] = [list().map(held), list().map(held)]
  if (at !== args.length) throw new Error(`step: ${args.length - at} arguments too many`)
  const wish = {
    settle,
    renew,
    started,
    claim: Number(claim),
    slots: Number(slots),
    leaving: leaving === '1',
    ...(policy === '' ? {} : { policy: readPolicy(policy) }),
  }
  return { worker, ...numbers, lane: Number(lane) as StepRequest['lane'], ...wish }
}

function readSweep(args: string[]): SweepRequest {
  const [limit, maxJams, keepFailed, lease, jitter, error = '', id = '', every, ordered] = args
  const numbers = { limit: Number(limit), maxJams: Number(maxJams), keepFailed: Number(keepFailed) }
  const guard = id === '' ? null : { id, every: Number(every) }
  return { ...numbers, lease: Number(lease), jitter: Number(jitter), error, guard, ordered: ordered === '1' }
}

/** Of a script: its name. */
export function nameOf(command: Command): string | undefined {
  if (command.kind !== 'script') return undefined
  const { op } = command
  if (op.verb !== 'control') return op.verb
  const { order } = op.request
  if (order === 'messages' || order === 'schedules') return 'messages'
  return ['open', 'clear', 'wake'].includes(order) ? order : 'steer'
}

export function show(command: Command): string {
  if (command.kind === 'load') return 'load'
  if (command.kind !== 'script') return command.kind
  return `${command.op.verb} ${JSON.stringify(command.op.request)}`
}
