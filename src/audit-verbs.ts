import type { Counter } from './figures.js'

// The two verbs of a Store that are not the queue's own: `audit` looks, `mend` mends. What an orphan is, is judged by
// whoever asks (src/audit): a store tells what it holds, and nothing else.

/** The parts that name IDs; what an ID is in is a set of bits, in this order. */
export const NAMING = [
  'committed',
  'processing',
  'lease',
  'delayed',
  'failed',
  'failedAt',
  'failures',
  'errors',
  'tries',
  'withdrawn',
  'owed',
  'ghosts',
  'prioritized',
  'remembered',
  'payload',
  'priority',
  'since',
  'progress',
] as const
export type Naming = (typeof NAMING)[number]

/** The parts of which only what is odd is told. */
export const ODDS = ['steps', 'marks', 'results', 'kept'] as const
export type Odds = (typeof ODDS)[number]

/** An ID (or an entry of the line), and the parts that name it at this moment: bit n for `NAMING[n]`. */
export interface Named {
  readonly id: string
  readonly parts: number
  /** On a page of `lease`: its token. On one of `prioritized`: `odd` where its place is not that of its priority, or ''. */
  readonly token?: string
}

export interface AuditRequest {
  /** A page of this part; of `steps` and `marks` only what no verb has written, of `results` and `kept` what the other lacks. */
  readonly part: Naming | Odds | null
  /** '' for the first page; else what the last one gave. */
  readonly cursor: string
  /** The window of the line begins at this place, or at the head where that is later. */
  readonly from: number
  /** `totals.returned` as the last reply told it; -1: no reply before this. */
  readonly returned: number
  /** Entries of the window, 1 to 1,000; IDs of a page, about. */
  readonly limit: number
}

/** All of it at one moment. Places are numbered from the beginning; an entry keeps its place until it is taken. */
export interface AuditReply {
  /** The server's clock, ms since 1970. */
  readonly now: number
  readonly sizes: Readonly<Record<Naming, number>>
  /** Entries of the line, tokens of `wake`, marks. */
  readonly length: number
  readonly wake: number
  readonly marks: number
  /** NaN: what stands there is no number. */
  readonly totals: Readonly<Record<Counter, number>>
  /** Of `meta`; '' when there is none. */
  readonly layout: string
  /** False: `guard` holds what no guard has written. */
  readonly guard: boolean
  /** The first entries of the line: as many as were given back to it since `returned`, 1,000 at most. */
  readonly head: readonly Named[]
  /** The place of the first entry of `line`. */
  readonly place: number
  readonly line: readonly Named[]
  /** An ID that is there from the first page to the last is on one of them at least. */
  readonly page: readonly Named[]
  /** '' when this was the last page. */
  readonly cursor: string
  /** Paused, or held, or under a limit of rate: whoever waits is not to be woken. */
  readonly held: boolean
  /** False: plain calls are not told that there is more than they look at. */
  readonly extras: boolean
  /** False: messages stand, and nothing says that a journal is kept. */
  readonly journal: boolean
}

/** What is to be done for one ID; whether there is need is judged when it is done. */
export type Mend =
  /** Wherever two parts contradict each other, or one names nobody, go by what is safest: see `mend` of the stores. */
  | { readonly how: 'sort'; readonly id: string }
  /** Committed and in no place: to the tail. */
  | { readonly how: 'push'; readonly id: string }
  /** Its entry stands in the line, and nothing says that it was taken out: commit it. */
  | { readonly how: 'commit'; readonly id: string; readonly place: number }
  /** It has a priority, and its entry stands in the line: to its place among the prioritized. */
  | { readonly how: 'rank'; readonly id: string; readonly place: number }
  /** Its mark stands for no entry. */
  | { readonly how: 'unmark'; readonly id: string }
  /** Its entry at `place` stands for nobody, or the one at `twin` does: make it one that names nobody. */
  | { readonly how: 'blank'; readonly id: string; readonly place: number; readonly twin: number | null }
  /** A record of `steps` that no step has written. */
  | { readonly how: 'forget'; readonly id: string }
  /** A name in `results` or `kept` that the other lacks. */
  | { readonly how: 'unkeep'; readonly id: string }

export interface MendRequest {
  /** 1,000 at most; no ID twice, but in blanks. */
  readonly mends: readonly Mend[]
  /** ms a claim gets whose lease end is gone: the longest any worker asks for. */
  readonly lease: number
  /** The JSON text kept for failures whose error is gone. */
  readonly error: string
  /** The largest epoch seen in a token, or 0: no later claim gets it again. */
  readonly epoch: number
  /** Make the totals agree with what is committed. */
  readonly balance: boolean
  /** Begin the marks anew; done too where a line has none. */
  readonly marks: boolean
  /** Write the layout where there is none. */
  readonly layout: boolean
  /** Drop what no guard has written. */
  readonly guard: boolean
  /** Keep a journal again whose messages stand: as many as these are. */
  readonly journal: boolean
}

export interface MendReply {
  /** A mark per mend: `1` where something was written. */
  readonly mended: string
  /** Likewise: epoch, balance, marks, layout, guard, journal, wake. */
  readonly whole: string
}
