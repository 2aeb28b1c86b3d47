import { checkOption, type Rule, type Rules, SIGNAL, unknownOption } from './check.js'
import { type CallDedupe, type Dedupe, Policies } from './dedupe.js'
import { ConvoyError } from './errors.js'
import { jsonSerializer, packPayload, type Serializer } from './payload.js'
import type { DedupePolicy, Traits } from './policy.js'
import { type Priority, priorityOf } from './priority.js'
import { DELAY as ANY_DELAY } from './retries.js'
import { type Duration, type PointInTime, pointInTime, show } from './time.js'

interface Terms {
  /** What goes first: a name or an integer within ±1,000. Default normal, 0. Raises an ID that waits, never lowers it. */
  readonly priority?: Priority
  /** Not before so long from now, by the server's clock. Of an ID that is there already, `dedupe.timing` decides. */
  readonly delay?: Duration
  /** Not before this moment, by the server's clock; one that is over is now. Not with `delay`. */
  readonly runAt?: PointInTime
  /** What becomes of it where the ID is already; what is not said here goes by the queue's `dedupe`. */
  readonly dedupe?: CallDedupe
  /**
   * Where the queue holds `maxLength` IDs: how long to try again before the verdict is `full`. Default the queue's, 0.
   * Those that wait go in one after the other, in order; there is no order between them and publishes that do not wait.
   */
  readonly waitForRoom?: Duration
  /** Ends that wait: ABORTED, and nothing was stored. */
  readonly signal?: AbortSignal
}

/** Whether a publish may leave the payload out: of `void`, as where no type was given, or where nothing is known of it. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is asked for as a type
type Bare<Payload> = unknown extends Payload ? true : [Payload] extends [void] ? true : false

/** What a publish may bring; its payload must be there where the queue's type says that jobs have one. */
export type PublishOptions<Payload = void> = Terms &
  (Bare<Payload> extends true ? { readonly payload?: Payload } : { readonly payload: Payload })

/** The rest of a `publish(id, …)`: not to be left out where there is a payload to give. */
export type PublishArgs<Payload> =
  Bare<Payload> extends true ? [options?: PublishOptions<Payload>] : [options: PublishOptions<Payload>]

/** One of many: an object `{ id, payload, … }`; where jobs have no payload its ID alone will do. */
export type PublishItem<Payload = void> =
  | (Bare<Payload> extends true ? string | number : never)
  | ({ readonly id: string | number } & PublishOptions<Payload>)

const DELAY: Rule = { ...ANY_DELAY, about: "not before so long from now, by the server's clock" }
const WAIT: Rule = {
  kind: 'duration',
  fallback: undefined,
  least: 0,
  about: "how long to try again where the queue is full; else the queue's",
}
const STOP: Rule = { kind: 'object', has: SIGNAL, fallback: undefined, about: 'ends that wait' }

export const PUBLISH_OPTIONS: Rules = {
  payload: {
    kind: 'other',
    fallback: undefined,
    about: "what the handler gets as `job.payload`; as the queue's `serializer` encodes it, at most 1 MiB",
  },
  priority: {
    kind: 'other',
    fallback: 0,
    about: '`critical` 15, `high` 10, `medium` 5, `normal` 0, `low` -10, or an integer within ±1,000; more goes first',
  },
  delay: DELAY,
  runAt: { kind: 'other', fallback: undefined, about: 'not before this moment: a Date, a dayjs, ms, or an ISO text' },
  dedupe: { kind: 'other', fallback: undefined, about: "`latest`, or knobs that go before the queue's `dedupe`" },
  waitForRoom: WAIT,
  signal: STOP,
}

/** What the publishes of a queue go by. */
export interface TermsOptions {
  /** What a publish does where its ID is already. Default: what is there stays, and nothing of the duplicate is kept. */
  readonly dedupe?: Dedupe
  /**
   * IDs queued, delayed and processing at most; a publish that would be one more is answered `full`, and nothing of it is
   * stored. Duplicates are judged first; owed runs, retries and what is moved by hand always fit. Default 0: any number.
   */
  readonly maxLength?: number
  /** How long a publish waits for room in a full queue before its verdict is `full`. Default 0. See `PublishOptions`. */
  readonly waitForRoom?: Duration
}

/** `TermsOptions` once checked. */
export interface CheckedTerms {
  readonly dedupe?: unknown
  /** 0 for any number. */
  readonly maxLength: number
  /** ms. */
  readonly waitForRoom: number
}

/** The rows of `createQueue`: see OPTIONS. */
export const TERMS_RULES: Rules = {
  dedupe: {
    kind: 'other',
    fallback: undefined,
    about: '`latest`, or one knob per state an ID may be met in: see `dedupe`',
  },
  maxLength: {
    kind: 'integer',
    fallback: 0,
    least: 0,
    most: 1_000_000_000,
    about: 'IDs queued, delayed and processing at most; 0 = any number; shared',
  },
  waitForRoom: {
    kind: 'duration',
    fallback: 0,
    least: 0,
    about: 'how long a publish waits for room in a full queue before its verdict is `full`',
  },
}

/** A publish, read: all but its ID. */
export interface Wish {
  readonly policy: DedupePolicy
  /** Absent when it brings nothing. */
  readonly traits?: Traits
  /** UTF-16 units of the payload. */
  readonly length: number
  /** How long it waits for room, ms; 0 where it need not. */
  readonly room: number
  readonly signal?: AbortSignal
}

/** How the publishes of a queue are read: its own terms, and what single publishes change of them. */
export class PublishTerms {
  readonly policies: Policies
  /** Of a publish that brings its ID alone: one object for all of them. */
  readonly plain: Wish
  readonly #serializer: Serializer<unknown>
  readonly #bounded: boolean

  constructor(terms: Partial<CheckedTerms> & { readonly serializer?: Serializer<unknown> } = {}) {
    const { serializer = jsonSerializer, dedupe, maxLength = 0, waitForRoom = 0 } = terms
    this.#serializer = serializer
    this.#bounded = maxLength > 0
    this.policies = new Policies(dedupe, maxLength)
    this.plain = { policy: this.policies.own, length: 0, room: this.#bounded ? waitForRoom : 0 }
  }

  /** Throws BAD_OPTION and BAD_PAYLOAD: then nothing of it goes out. `call` is named in the error; `item`: it has an ID of its own. */
  read(call: string, given: unknown, item = false): Wish {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new ConvoyError('BAD_OPTION', `${call}: expected an object of options, not ${show(given)}`)
    }
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(PUBLISH_OPTIONS, name) && !(item && name === 'id'))
        throw unknownOption(PUBLISH_OPTIONS, call, name)
    }
    const { dedupe, waitForRoom, signal } = given as Record<string, unknown>
    const traits = this.#traits(call, given as Record<string, unknown>)
    const wait = checkOption(`${call}: waitForRoom`, WAIT, waitForRoom) as number | undefined
    const stop = checkOption(`${call}: signal`, STOP, signal) as AbortSignal | undefined
    if (stop?.aborted) throw new ConvoyError('ABORTED')
    return {
      policy: dedupe === undefined ? this.policies.own : this.policies.of(call, dedupe),
      ...(traits ? { traits } : {}),
      length: traits?.payload?.length ?? 0,
      room: this.#bounded ? (wait ?? this.plain.room) : 0,
      ...(stop ? { signal: stop } : {}),
    }
  }

  #traits(call: string, given: Record<string, unknown>): Traits | undefined {
    const { priority, delay, runAt } = given
    if (delay !== undefined && runAt !== undefined)
      throw new ConvoyError('BAD_OPTION', `${call}: give either delay or runAt, not both`)
    const traits: { -readonly [Name in keyof Traits]: Traits[Name] } = {}
    if (priority !== undefined) traits.priority = priorityOf(priority, `${call}: priority`)
    const wait = checkOption(`${call}: delay`, DELAY, delay) as number | undefined
    if (wait) traits.delay = wait
    if (runAt !== undefined) traits.runAt = pointInTime(runAt, `${call}: runAt`)
    // One that is undefined by mistake is not taken for none: the serializer says whether it can be kept.
    if ('payload' in given) traits.payload = packPayload(this.#serializer, given['payload'])
    for (const _ in traits) return traits
    return undefined
  }
}
