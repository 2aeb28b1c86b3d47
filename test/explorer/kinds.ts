import type { DedupePolicy, Traits } from '../../src/policy.js'
import type { PublishRequest } from '../../src/store.js'

/** A way to publish. */
export interface Kind {
  /** In the words of a counterexample; '' for the plain one. */
  readonly word: string
  readonly policy: DedupePolicy
  readonly traits?: Traits
  /** Each publish brings one of its own: its number. */
  readonly versions?: true
}

export const PLAIN: Kind = { word: '', policy: { processing: 'discard' } }

const LATEST: DedupePolicy = { waiting: 'replace', timing: 'earliest', processing: 'rerun' }

/** Nothing newer is ever lost. */
export const RERUN: Kind = { word: 'latest', policy: LATEST, versions: true }
export const SUPERSEDE: Kind = { word: 'over all', policy: { ...LATEST, processing: 'supersede' }, versions: true }

export const urgent = (priority: number): Kind => ({ ...PLAIN, word: `at ${priority}`, traits: { priority } })

/** Due in so many ms, and never later than it was. */
export const soon = (delay: number): Kind => ({
  word: `in ${delay} ms`,
  policy: { processing: 'discard', timing: 'earliest' },
  traits: { delay },
})

export function requestOf({ policy, traits, versions }: Kind, id: string, nth: number): PublishRequest {
  if (!versions) return { ids: [id], policy, ...(traits === undefined ? {} : { traits: [traits] }) }
  return { ids: [id], policy, traits: [{ ...traits, payload: String(nth) }] }
}
