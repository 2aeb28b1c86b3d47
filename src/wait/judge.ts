import { readToken } from '../job.js'
import type { Inspection, Recollection } from '../store.js'

/** An end of a run that was told. */
export type End = 'done' | 'failed' | 'withdrawn'

/** Which run is waited for. */
export interface Bond {
  /** One that starts after the wait began; the one that was on; or one that is over. */
  readonly run: 'next' | 'running' | 'remembered'
  /** The run has a greater epoch than this. */
  readonly after: number
  /** It was owed: the run that was on, of epoch `after`, ends first. */
  readonly owed?: true
  /** Nothing is due yet: whoever waits for an absent ID waits for its publish. */
  readonly absent?: true
}

export type Judgement =
  | { readonly is: 'waiting' }
  /** Nothing is due any more, and nothing says why. */
  | { readonly is: 'gone' }
  /** `result` is null when none is kept. */
  | { readonly is: 'done'; readonly result: string | null; readonly epoch: number }
  | { readonly is: 'failed'; readonly error?: string }
  | { readonly is: 'withdrawn' }

const WAITING: Judgement = { is: 'waiting' }
const DONE: Judgement = { is: 'done', result: null, epoch: 0 }

/**
 * What became of a run, from the truth, read in this order: where the ID is, then what is kept of its last run. What was
 * told of it decides only where the truth is silent: a message may be late, or of an earlier run, or lost.
 */
export function judge(bond: Bond, told: End | undefined, seen: Inspection, kept: Recollection): Judgement {
  const { after, owed, run } = bond
  // Of whatever later run it is: that one, too, started after what was asked for.
  if (kept.epoch > after) return { is: 'done', result: kept.result, epoch: kept.epoch }
  switch (seen.state) {
    case 'queued':
    case 'delayed':
      return WAITING
    case 'processing':
      if (seen.owed) return WAITING
      // It will not count; or it is the one before, and the one that was owed was taken back.
      return seen.withdrawn || readToken(seen.token ?? '').epoch <= after ? { is: 'withdrawn' } : WAITING
    case 'failed':
      return { is: 'failed', ...(seen.error === undefined ? {} : { error: seen.error }) }
    case 'remembered':
      return DONE
    case 'absent':
      if (run === 'remembered') return DONE
      if (told === 'failed') return { is: 'failed' }
      if (told === 'withdrawn') return { is: 'withdrawn' }
      // What the run before has left tells that it was the one that was done.
      if (told === 'done' && !(owed && kept.epoch === after)) return DONE
      return bond.absent ? WAITING : { is: 'gone' }
  }
}
