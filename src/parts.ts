import { Batch, bytesOf } from './batch.js'
import { checkId } from './job.js'
import type { Trouble } from './partial.js'
import type { PublishTerms, Wish } from './publish-options.js'
import type { Verdict } from './verdict.js'

/** A stretch of a publish of many: what goes out as one script, or as many that wait for room. */
export interface Part {
  /** How many are before it. */
  readonly first: number
  readonly batch: Batch
  /** In the order of the batch, when it waits for room. */
  readonly wishes: Wish[] | undefined
}

/** What became of it: with trouble, some may have got in all the same. */
export interface Sent {
  readonly verdicts: readonly (Verdict | undefined)[]
  readonly trouble?: Trouble | undefined
}

/** Cuts what comes in order into parts. */
export class Parts {
  readonly #terms: PublishTerms
  readonly list: Part[] = []
  /** Items taken. */
  count = 0

  constructor(terms: PublishTerms) {
    this.#terms = terms
  }

  /** An ID, or `{ id, … }`. Throws what is wrong with it, and has then taken nothing of it. */
  add(item: unknown): void {
    const whole = typeof item === 'object' && item !== null && 'id' in item
    const id = checkId(whole ? (item as { id?: unknown }).id : item)
    const wish = whole ? this.#terms.read('publishMany', item, true) : this.#terms.plain
    const bytes = bytesOf(id, wish)
    let part = this.list.at(-1)
    if (!part?.batch.takes(wish.policy, bytes) || (part.wishes !== undefined) !== wish.room > 0) {
      part = { first: this.count, batch: new Batch(wish.policy), wishes: wish.room > 0 ? [] : undefined }
      this.list.push(part)
    }
    part.batch.add(id, wish.traits, bytes)
    part.wishes?.push(wish)
    this.count++
  }
}
