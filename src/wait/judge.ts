import { readToken } from '../job.js'
import type { Inspection, Recollection } from '../store.js'

/** An end of a run that was told last, and at which position. */
export interface Told {
  readonly end: 'done' | 'failed' | 'withdrawn'
  readonly position: number
  /** All that waited was taken out, whatever it was. */
  readonly cleared?: true
}

/** Which run is waited for. */
export interface Bond {
  /** One that starts after the wait began; the one that was on; or one that is over. */
  readonly run: 'next' | 'running' | 'remembered'
  /** The run has a greater epoch than this. */
  readonly after: number
  /** It was owed: the run that was on, of epoch `after`, ends first. */
  readonly owed?: true
  /** Nothing is due yet: whoever waits for an absent ID waits for its publish. The position of the last message before. */
  readonly absent?: number
}

export type Judgement =
  | { readonly is: 'waiting' }
  /** Nothing is due any more, and nothing says why but what was told last, if all that was sent has been heard. */
  | { readonly is: 'gone'; readonly says?: Told['end'] }
  /** `result` is null when none is kept. */
  | { readonly is: 'done'; readonly result: string | null; readonly epoch: number }
  | { readonly is: 'failed'; readonly error?: string }
  | { readonly is: 'withdrawn' }

/** Of those who wait no more. */
export type Ending = Exclude<Judgement, { is: 'waiting' }>

const WAITING: Judgement = { is: 'waiting' }
const DONE: Ending = { is: 'done', result: null, epoch: 0 }

/**
 * What became of a run, from the truth, read in this order: where the ID is, then what is kept of its last run. What was
 * told of it decides only where the truth is silent: a message may be late, or of an earlier run, or lost.
 */
export function judge(bond: Bond, told: Told | undefined, seen: Inspection, kept: Recollection): Judgement {
  const { after, run, absent = 0 } = bond
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
      if (told && told.position > absent) return { is: 'gone', says: told.end }
      return bond.absent === undefined ? { is: 'gone' } : WAITING
  }
}

/** What was told last of an ID that is gone is true, once all is heard that was sent until it was. */
export function believe(says: Told['end']): Ending {
  return says === 'done' ? DONE : { is: says }
}
