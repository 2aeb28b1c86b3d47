import { KINDS, type Kind } from './kinds.js'

/** All orphans of one kind. */
export interface Finding {
  readonly kind: Kind
  /** The law of the design that is broken. */
  readonly law: string
  readonly about: string
  /** How many there are. */
  readonly count: number
  /** The first of them; none where it is the queue as a whole. */
  readonly ids: readonly string[]
  /** How many were mended; the others had gone by themselves, or no repair was asked for. */
  readonly mended: number
}

/** Collects what is found, each ID once a kind, and what became of it. */
export class Findings {
  readonly #sample: number
  readonly #found = new Map<Kind, { ids: Set<string>; count: number; mended: number }>()

  constructor(sample: number) {
    this.#sample = sample
  }

  add(kind: Kind, id: string): void {
    this.#of(kind).ids.add(id)
  }

  /** Of the queue as a whole. */
  note(kind: Kind, count = 1): void {
    const found = this.#of(kind)
    found.count = Math.max(found.count, count)
  }

  has(kind: Kind): boolean {
    return this.#found.has(kind)
  }

  /** One of them, or all. */
  mended(kind: Kind, all = false): void {
    this.#of(kind).mended += all ? Number.POSITIVE_INFINITY : 1
  }

  list(): Finding[] {
    return Array.from(this.#found, ([kind, { ids, count, mended }]) => {
      const [law, about] = KINDS[kind]
      const all = ids.size + count
      return { kind, law, about, count: all, ids: [...ids].slice(0, this.#sample), mended: Math.min(all, mended) }
    })
  }

  #of(kind: Kind): { ids: Set<string>; count: number; mended: number } {
    const found = this.#found.get(kind) ?? { ids: new Set(), count: 0, mended: 0 }
    this.#found.set(kind, found)
    return found
  }
}
