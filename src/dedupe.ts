import { checkBy, type Rules } from './check.js'
import { ConvoyError } from './errors.js'
import type { DedupePolicy } from './policy.js'
import { type Duration, show } from './time.js'

/** What a publish does where its ID is already: one knob per state it can meet. */
export interface DedupeOptions {
  /** Queued or delayed: the payload that is there stays, or the newest takes its place. Default `'discard'`. */
  readonly waiting?: 'discard' | 'replace'
  /**
   * Delayed: the time stays, the earlier of both counts, or the new one (a debounce). Default `'first'`. A backoff is
   * never cut short, whatever this says.
   */
  readonly timing?: 'first' | 'earliest' | 'latest'
  /** With `timing: 'latest'`: nothing is put off for longer than this after the first publish. Default a minute. */
  readonly maxWait?: Duration
  /**
   * Processing: nothing; one more run with the newest payload follows; that, and the running one's signal is aborted, and
   * it ends without attempt, failure or backoff. Default `'discard'`.
   */
  readonly processing?: 'discard' | 'rerun' | 'supersede'
  /** Failed: in line again, attempts from zero; or left there. Default `'revive'`. */
  readonly failed?: 'revive' | 'hold'
  /** How long an ID that was done is remembered, so that a publish of it is a duplicate still. Default 0: not at all. */
  readonly remember?: Duration
  /** … counted from its end, or from the publish that let it in. Default `'finish'`. */
  readonly rememberFrom?: 'finish' | 'publish'
}

/**
 * `'latest'` is replace + earliest + rerun: nothing newer is ever lost, as in a Kubernetes controller's work queue.
 * Without it nothing of a duplicate is kept, as in Convoy.
 */
export type Dedupe = 'latest' | DedupeOptions

/** For one publish: what is not given stays as the queue has it. How long an ID is remembered is no publish's to say. */
export type CallDedupe = 'latest' | Omit<DedupeOptions, 'remember' | 'rememberFrom'>

const LATEST: DedupeOptions = { waiting: 'replace', timing: 'earliest', processing: 'rerun' }

/** Every knob: default first. */
export const DEDUPE_OPTIONS: Rules = {
  waiting: {
    kind: 'choice',
    choices: ['discard', 'replace'],
    fallback: 'discard',
    about: 'met queued or delayed: the payload there stays, or (`replace`) the newest takes its place',
  },
  timing: {
    kind: 'choice',
    choices: ['first', 'earliest', 'latest'],
    fallback: 'first',
    about: 'met delayed: the time stays, or `earliest`, or `latest`: a debounce. A backoff is never cut short',
  },
  maxWait: {
    kind: 'duration',
    fallback: 60_000,
    least: 1,
    about: "with `timing: 'latest'`: nothing is put off for longer after its first publish",
  },
  processing: {
    kind: 'choice',
    choices: ['discard', 'rerun', 'supersede'],
    fallback: 'discard',
    about:
      'met running: nothing; `rerun`: one more run follows; `supersede`: and the running one is aborted, uncounted',
  },
  failed: {
    kind: 'choice',
    choices: ['revive', 'hold'],
    fallback: 'revive',
    about: 'met failed: in line again, attempts from zero, or (`hold`) left there',
  },
  remember: {
    kind: 'duration',
    fallback: 0,
    least: 0,
    about: 'how long an ID that was done is remembered: publishes of it are duplicates; shared; not of one publish',
  },
  rememberFrom: {
    kind: 'choice',
    choices: ['finish', 'publish'],
    fallback: 'finish',
    about: 'since its end, or since the publish that let it in; shared; not of one publish',
  },
}

/** All of them, checked, ms. */
interface Knobs extends Required<DedupeOptions> {
  readonly maxWait: number
  readonly remember: number
}

/** A plain publish, by which a plain lane is known. */
const PLAIN: DedupePolicy = { processing: 'discard' }

/** Policies a queue has met are kept, since a batch shares one: more than this are not met but made up. */
const MOST = 100

/** What a queue's publishes go by, and what single ones change of it. */
export class Policies {
  readonly #knobs: Knobs
  readonly #maxLength: number
  readonly #met = new Map<string, DedupePolicy>()
  /** Of a publish that says nothing of it. */
  readonly own: DedupePolicy

  constructor(dedupe: unknown, maxLength: number) {
    this.#knobs = knobsOf('createQueue: dedupe', dedupe)
    this.#maxLength = maxLength
    this.own = this.#meet(this.#knobs)
  }

  get remember(): number {
    return this.#knobs.remember
  }

  get rememberFrom(): 'finish' | 'publish' {
    return this.#knobs.rememberFrom
  }

  /** Of one publish that does. Throws BAD_OPTION. */
  of(call: string, dedupe: unknown): DedupePolicy {
    for (const name of ['remember', 'rememberFrom']) {
      if (typeof dedupe !== 'object' || dedupe === null || !(name in dedupe)) continue
      const why = 'the worker that ends a run remembers its ID: give it to createQueue'
      throw new ConvoyError('BAD_OPTION', `${call}: dedupe: ${name}: not of one publish: ${why}`)
    }
    return this.#meet(knobsOf(`${call}: dedupe`, dedupe, this.#knobs))
  }

  /** The same knobs give the same policy: publishes that share one share a batch. */
  #meet(knobs: Knobs): DedupePolicy {
    const name = `${knobs.waiting} ${knobs.timing} ${knobs.maxWait} ${knobs.processing} ${knobs.failed}`
    const known = this.#met.get(name)
    if (known) return known
    const made = policyOf(knobs, this.#maxLength)
    if (this.#met.size < MOST) this.#met.set(name, made)
    return made
  }
}

function knobsOf(where: string, given: unknown, base?: Knobs): Knobs {
  const dedupe = given === 'latest' ? LATEST : given
  if (typeof dedupe === 'string' || (base !== undefined && dedupe === undefined)) {
    throw new ConvoyError('BAD_OPTION', `${where}: expected 'latest' or an object of knobs, not ${show(dedupe)}`)
  }
  const checked = checkBy<Knobs>(DEDUPE_OPTIONS, where, dedupe as object)
  const said = Object.entries(dedupe ?? {}).filter(([, value]) => value !== undefined)
  const names = said.map(([name]) => name)
  const changed = Object.fromEntries(names.map((name) => [name, checked[name as keyof Knobs]]))
  const knobs: Knobs = base ? { ...base, ...changed } : checked
  const lonely = (name: string, needs: string): ConvoyError =>
    new ConvoyError('BAD_OPTION', `${where}: ${name}: only with ${needs}`)
  if (names.includes('maxWait') && knobs.timing !== 'latest') throw lonely('maxWait', "timing: 'latest'")
  if (names.includes('rememberFrom') && knobs.remember === 0) throw lonely('rememberFrom', 'remember')
  return knobs
}

/** What is at its default is left out, so that a store can tell a plain publish at a glance. */
function policyOf(knobs: Knobs, maxLength: number): DedupePolicy {
  const { waiting, timing, maxWait, processing, failed, remember, rememberFrom } = knobs
  const policy: DedupePolicy = {
    ...(waiting === 'discard' ? {} : { waiting }),
    ...(timing === 'first' ? {} : { timing }),
    ...(timing === 'latest' ? { maxWait } : {}),
    processing,
    ...(failed === 'revive' ? {} : { failed }),
    ...(remember > 0 && rememberFrom === 'publish' ? { stamp: true } : {}),
    ...(maxLength === 0 ? {} : { maxLength }),
  }
  return Object.keys(policy).length === 1 && processing === 'discard' ? PLAIN : policy
}
