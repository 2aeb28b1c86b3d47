/**
 * IDs by score, and by the bytes of their UTF-8 where scores are equal: what Redis calls a sorted set. Entries stand in
 * order in chunks of a few hundred, so that adding and removing anywhere moves one chunk's entries, never all.
 */
export class Ordered {
  readonly #entries = new Map<string, Entry>()
  /** None is empty; all in order, within and among each other. */
  #chunks: Entry[][] = []

  get size(): number {
    return this.#entries.size
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  score(id: string): number | undefined {
    return this.#entries.get(id)?.score
  }

  set(id: string, score: number): void {
    const before = this.#entries.get(id)
    if (before?.score === score) return
    if (before !== undefined) this.#remove(before)
    const entry = { id, score }
    this.#entries.set(id, entry)
    this.#insert(entry)
  }

  delete(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    this.#remove(entry)
    return this.#entries.delete(id)
  }

  /** The least. */
  first(): Entry | undefined {
    return this.#chunks[0]?.[0]
  }

  /** IDs with scores from `least` to `most`, in order, `limit` at most. */
  between(least: number, most: number, limit: number = Number.POSITIVE_INFINITY): string[] {
    const out: string[] = []
    for (let place = this.#chunkOf({ id: '', score: least }); place < this.#chunks.length; place++) {
      for (const entry of this.#chunks[place] as Entry[]) {
        if (entry.score < least) continue
        if (entry.score > most || out.length >= limit) return out
        out.push(entry.id)
      }
    }
    return out
  }

  /** IDs by rank, from `first` on, `count` at most. */
  slice(first = 0, count: number = this.size): string[] {
    const out: string[] = []
    let skip = first
    for (const chunk of this.#chunks) {
      for (let place = skip; place < chunk.length && out.length < count; place++) out.push((chunk[place] as Entry).id)
      if (out.length >= count) break
      skip = Math.max(0, skip - chunk.length)
    }
    return out
  }

  /** Takes the least out, `count` at most. */
  popLeast(count: number): string[] {
    const out = this.slice(0, count)
    for (const id of out) this.delete(id)
    return out
  }

  clear(): void {
    this.#entries.clear()
    this.#chunks = []
  }

  clone(): Ordered {
    const twin = new Ordered()
    for (const [id, entry] of this.#entries) twin.#entries.set(id, entry)
    twin.#chunks = this.#chunks.map((chunk) => chunk.slice())
    return twin
  }

  /** The first chunk that ends at or after the entry, or one past the last. */
  #chunkOf(entry: Entry): number {
    // Most calls are about the front: what lapses, is due or ends is what came first.
    const front = this.#chunks[0]
    if (front === undefined || compare(front[front.length - 1] as Entry, entry) >= 0) return 0
    let low = 1
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle] as Entry[]
      if (compare(chunk[chunk.length - 1] as Entry, entry) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(entry: Entry): void {
    const last = this.#chunks[this.#chunks.length - 1]
    if (last === undefined || compare(last[last.length - 1] as Entry, entry) < 0) {
      if (last !== undefined && last.length < CHUNK) last.push(entry)
      else this.#chunks.push([entry])
      return
    }
    const place = this.#chunkOf(entry)
    const chunk = this.#chunks[place] as Entry[]
    chunk.splice(placeIn(chunk, entry), 0, entry)
    if (chunk.length > CHUNK) this.#chunks.splice(place + 1, 0, chunk.splice(CHUNK >>> 1))
  }

  #remove(entry: Entry): void {
    const place = this.#chunkOf(entry)
    const chunk = this.#chunks[place] as Entry[]
    chunk.splice(placeIn(chunk, entry), 1)
    if (chunk.length === 0) this.#chunks.splice(place, 1)
  }
}

export interface Entry {
  readonly id: string
  readonly score: number
}

const CHUNK = 512

/** Where the entry stands, or would stand. */
function placeIn(chunk: readonly Entry[], entry: Entry): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(chunk[middle] as Entry, entry) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: Entry, b: Entry): number {
  return a.score - b.score || compareBytes(a.id, b.id)
}

/**
 * The order of the bytes of two texts' UTF-8, which is the order of their code points. Not that of `<`: it compares
 * UTF-16 units, which puts an emoji (U+1F69A, units from D800 on) before U+FF5E.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let place = 0; place < length; place++) {
    const x = a.charCodeAt(place)
    const y = b.charCodeAt(place)
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? rank(x) - rank(y) : x - y
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all other units. */
function rank(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
