/**
 * What a publish does where its ID is already: one knob per state it can meet, so that none can contradict another.
 * An absent knob is its default, which is named first.
 */
export interface DedupePolicy {
  /** Queued or delayed: keep the payload that is there, or take the newest. */
  readonly waiting?: 'discard' | 'replace'
  /** Delayed: keep the time it is due, take the earlier of both, or the new one (a debounce). Backoff is never cut short. */
  readonly timing?: 'first' | 'earliest' | 'latest'
  /** ms after the first publish beyond which `latest` puts nothing off. */
  readonly maxWait?: number
  /** Processing: nothing; one more run with the newest payload is owed; that, and the running one is aborted. */
  readonly processing: 'discard' | 'rerun' | 'supersede'
  /** Failed: in line again, attempts from zero; or left there. */
  readonly failed?: 'revive' | 'hold'
  /** Keep the time of the first publish, for `StepPolicy.rememberFrom: 'publish'`. */
  readonly stamp?: boolean
  /** Tell each ID's epoch (`PublishReply.epochs`): for who waits for its run. */
  readonly bind?: true
  /** IDs the queue holds at most; 0 for any number, -1 for none, be it empty. Only what is absent or failed is refused. */
  readonly maxLength?: number
}

/** What a publish brings besides its ID. */
export interface Traits {
  /** ms from now, by the server's clock. */
  readonly delay?: number
  /** ms since 1970, by the server's clock; with `delay` too, this counts. */
  readonly runAt?: number
  /** Integer, -1,000 to 1,000. Absent: 0 for an ID that enters, and as it is for one that waits. */
  readonly priority?: number
  /** Opaque to the store. */
  readonly payload?: string
  /** Of a schedule: published only if the schedule of this ID stands and its last slot is before this one. */
  readonly slot?: number
}

/** What a step goes by besides its lists. */
export interface StepPolicy {
  /** How long an ID is remembered, ms; 0 for not at all. */
  readonly remember?: number
  /** From its end, or from its first publish (which then had `stamp`). */
  readonly rememberFrom?: 'finish' | 'publish'
  /** IDs processing at once, over all workers; 0 for any number. */
  readonly active?: number
  /** Most claims in a window of `per` ms that begins with the first of them, over all workers. */
  readonly rate?: { readonly max: number; readonly per: number }
  /** What is to be tried again goes to the head of the line, and holds it until its time has come. */
  readonly ordered?: boolean
}

/** It brings nothing, and goes by the default policy: of two of these it does not matter which comes first. */
export function isPlainPublish({ policy, traits }: { policy: DedupePolicy; traits?: readonly Traits[] }): boolean {
  if (traits !== undefined) return false
  const { waiting, timing, processing, failed, stamp, maxLength, bind } = policy
  const usual = (waiting ?? 'discard') === 'discard' && (timing ?? 'first') === 'first' && processing === 'discard'
  return usual && failed !== 'hold' && !stamp && !maxLength && !bind
}
