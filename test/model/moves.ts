import type { AuditRequest, Mend } from '../../src/audit-verbs.js'
import type { DedupePolicy, StepPolicy } from '../../src/policy.js'
import type { Control, ListedState, Role } from '../../src/store.js'
import type { Brought, Line } from './knobs.js'

/** IDs that must simply work; few, so that they meet each other. The truck and U+FF5E order otherwise in UTF-16 than in bytes. */
export const IDS: readonly string[] = [
  'a',
  'b',
  'c',
  '🚚',
  '～',
  '__proto__',
  'a:exp',
  'x y',
  '0',
  'constructor',
  'new\nline',
  'NUL\0',
  '{tag}',
  '|~1:2:',
  'é'.repeat(512),
]

/** One ID held by a worker, named by how long ago it was claimed. */
export interface Pick {
  readonly back: number
  readonly use: 'done' | 'release' | 'fail' | 'retry' | 'renew' | 'start'
  /** Of a retry; and how long the result of what is done is kept. */
  readonly delay: number
  readonly ttl: number
  /** `ever`: of everything claimed by anybody, ended or not; `forged`: under a token nobody was given. */
  readonly of: 'mine' | 'ever' | 'forged'
}

/** What a player does next; who holds what is known only when it is played. */
export type Move = { readonly wait: number } & (
  | {
      readonly kind: 'publish'
      readonly ids: readonly string[]
      readonly policy: DedupePolicy
      readonly brought?: readonly Brought[] | undefined
    }
  | {
      readonly kind: 'step'
      readonly worker: number
      readonly lane: 0 | 1 | 2
      readonly picks: readonly Pick[]
      readonly claim: number
      readonly slots: number
      readonly lease: number
      readonly keepFailed: number
      readonly policy?: StepPolicy | undefined
      readonly leaving: boolean
      /** The step before this one is not on its way yet: `again` may send it. */
      readonly skip: boolean
    }
  | { readonly kind: 'again'; readonly worker: number; readonly back: number }
  | {
      readonly kind: 'sweep'
      readonly limit: number
      readonly maxJams: number
      readonly keepFailed: number
      readonly lease: number
      readonly jitter: number
      readonly ordered?: true | undefined
      readonly guard: number
      /** Wait as long as the last sweep asked for. */
      readonly patient: boolean
    }
  | { readonly kind: 'withdraw'; readonly ids: readonly string[]; readonly from: ListedState | undefined }
  | { readonly kind: 'move'; readonly ids: readonly string[]; readonly from: 'failed' | 'delayed' }
  | {
      readonly kind: 'report'
      readonly pick: Pick
      readonly progress?: string | undefined
      readonly log?: Line | undefined
    }
  | { readonly kind: 'recall' }
  | { readonly kind: 'inspect' }
  | {
      readonly kind: 'list'
      readonly state: 'queued' | 'delayed' | 'processing' | 'failed'
      readonly cursor: number
      readonly limit: number
    }
  | { readonly kind: 'counts' }
  | { readonly kind: 'open'; readonly digest: string; readonly role: Role | undefined }
  | { readonly kind: 'control'; readonly order: Control }
  /** Places count from the head here. */
  | { readonly kind: 'audit'; readonly request: AuditRequest }
  | { readonly kind: 'mend'; readonly mends: readonly Mend[]; readonly balance: boolean }
  /** A waiting worker takes the wake token. */
  | { readonly kind: 'take' }
  /** By hand, an ID is put in line that may be there already, or nowhere, or with a worker. */
  | { readonly kind: 'stray'; readonly id: string }
  /** Somebody listens from now on, or nobody does any more. */
  | { readonly kind: 'listening'; readonly on: boolean }
)

export const WORKERS = 3
