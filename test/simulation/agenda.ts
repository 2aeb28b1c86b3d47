/** Something that will happen. */
export interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
  off: boolean
}

/** All that is to come, in the order of time; what falls together comes in the order in which it was put down. */
export class Agenda {
  /** ms since the world began. */
  now = 0
  readonly #heap: Entry[] = []
  #order = 0

  add(ms: number, run: () => void): Entry {
    return this.addAt(this.now + ms, run)
  }

  /** For what shall fall together: `now + (at - now)` is not always `at`, and what came last might come first. */
  addAt(at: number, run: () => void): Entry {
    const entry = { at: Math.max(this.now, at), order: this.#order++, run, off: false }
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const above = (i - 1) >> 1
      if (before(heap[above] as Entry, entry)) break
      heap[i] = heap[above] as Entry
      i = above
    }
    heap[i] = entry
    return entry
  }

  /** Takes the next out, if it comes before `limit`, and moves the time there. */
  next(limit: number): Entry | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (!first || first.at > limit) return undefined
      this.#removeFirst()
      if (first.off) continue
      this.now = first.at
      return first
    }
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let below = 2 * i + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1] as Entry, heap[below] as Entry)) below++
      if (before(last, heap[below] as Entry)) break
      heap[i] = heap[below] as Entry
      i = below
    }
    heap[i] = last
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
