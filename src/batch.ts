import { Buffer } from 'node:buffer'
import type { DedupePolicy, Traits } from './policy.js'
import type { Wish } from './publish-options.js'
import type { PublishRequest } from './store.js'

/** A batch ends at this many IDs, or at this many bytes: what one script may take without holding the server up. */
const MOST_IDS = 1_000
const MOST_BYTES = 1_048_576

/** What an ID brings that brings nothing. */
const NOTHING: Traits = {}

/** IDs that go out as one script, in the order they came: they share a policy. */
export class Batch {
  readonly policy: DedupePolicy
  readonly ids: string[] = []
  #traits: Traits[] | undefined
  #bytes = 0

  constructor(policy: DedupePolicy) {
    this.policy = policy
  }

  /** Whether there is room for one more of `bytes`. One that is larger than any batch has one to itself. */
  takes(policy: DedupePolicy, bytes: number): boolean {
    const { length } = this.ids
    return length === 0 || (this.policy === policy && !this.full && this.#bytes + bytes <= MOST_BYTES)
  }

  add(id: string, traits: Traits | undefined, bytes: number): void {
    this.#bytes += bytes
    // The list is made when the first one brings something: plain publishes have none.
    if (traits !== undefined) this.#traits ??= this.ids.map(() => NOTHING)
    this.#traits?.push(traits ?? NOTHING)
    this.ids.push(id)
  }

  get full(): boolean {
    return this.ids.length >= MOST_IDS
  }

  get request(): PublishRequest {
    const { ids, policy } = this
    return this.#traits ? { ids, policy, traits: this.#traits } : { ids, policy }
  }
}

/** Bytes that an ID and its payload have at the most, without measuring: 3 a UTF-16 unit. */
export const mostBytes = (id: string, { length }: Wish): number => 3 * (id.length + length)

/** Bytes that they have. */
export const bytesOf = (id: string, { traits, length }: Wish): number =>
  Buffer.byteLength(id) + (length === 0 ? 0 : Buffer.byteLength(traits?.payload ?? ''))

/** IDs alone, in parts of at most 1,000 IDs or 1 MiB. */
export function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  let first = 0
  let bytes = 0
  for (let i = 0; i < ids.length; i++) {
    const size = Buffer.byteLength(ids[i] as string)
    if (i - first === MOST_IDS || bytes + size > MOST_BYTES) {
      yield ids.slice(first, i)
      first = i
      bytes = 0
    }
    bytes += size
  }
  if (first < ids.length) yield ids.slice(first)
}
