import type { AuditReply, AuditRequest, MendReply, MendRequest } from '../audit-verbs.js'
import type { Counts } from '../figures.js'
import type { StepReply, StepRequest, SweepReply, SweepRequest } from '../step.js'
import type {
  Control,
  ControlReply,
  Inspection,
  ListRequest,
  MoveRequest,
  Page,
  PublishReply,
  PublishRequest,
  Recollection,
  Report,
  State,
  WithdrawRequest,
} from '../store.js'
import { audit } from './audit.js'
import { control } from './control.js'
import { recall } from './keepsakes.js'
import { counts, inspect, list } from './look.js'
import { mend } from './mend.js'
import { move } from './move.js'
import { publish } from './publish.js'
import { report } from './report.js'
import type { QueueState } from './state.js'
import { step } from './step.js'
import { sweep } from './sweep.js'
import { withdraw } from './withdraw.js'

export { clone, emptyState, type QueueState } from './state.js'

interface Requests {
  publish: PublishRequest
  step: StepRequest
  sweep: SweepRequest
  withdraw: WithdrawRequest
  move: MoveRequest
  report: Report
  recall: readonly string[]
  inspect: readonly string[]
  list: ListRequest
  counts: null
  control: Control
  audit: AuditRequest
  mend: MendRequest
}

interface Replies {
  publish: PublishReply
  step: StepReply
  sweep: SweepReply
  withdraw: readonly State[]
  move: readonly State[]
  report: boolean
  recall: readonly Recollection[]
  inspect: readonly Inspection[]
  list: Page
  counts: Counts
  control: ControlReply
  audit: AuditReply
  mend: MendReply
}

export type Verb = keyof Requests

export type Request<V extends Verb = Verb> = Requests[V]
export type Reply<V extends Verb = Verb> = Replies[V]
/** One call of a store. */
export type Op<V extends Verb = Verb> = { [K in V]: { readonly verb: K; readonly request: Requests[K] } }[V]

const VERBS: { readonly [V in Verb]: (state: QueueState, request: Requests[V], now: number) => Replies[V] } = {
  publish,
  step,
  sweep,
  withdraw,
  move,
  report,
  recall,
  inspect,
  list,
  counts: (state, _, now) => counts(state, now),
  control,
  audit,
  mend,
}

/**
 * What every store does, said once and without I/O: the embedded store runs it, the tests hold Redis equal to it, an
 * explorer walks it. `now` is the store's clock in microseconds. It changes the state it is given (a copy per verb would
 * make an embedded queue slow; who wants one calls `clone` first), all or nothing: what throws has changed nothing.
 */
export function apply<V extends Verb>(
  state: QueueState,
  op: { readonly verb: V; readonly request: Requests[V] },
  now: number,
): Replies[V] {
  return VERBS[op.verb](state, op.request, now)
}
