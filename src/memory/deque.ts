/** A line with two ends, each O(1): a ring that doubles when it is full and halves when it is nearly empty. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array(LEAST)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The entry at a place counted from the head, or undefined. */
  at(place: number): T | undefined {
    if (place < 0 || place >= this.#size) return undefined
    return this.#ring[(this.#head + place) & (this.#ring.length - 1)]
  }

  /** Another entry at a place that there is. */
  put(place: number, entry: T): void {
    if (place >= 0 && place < this.#size) this.#ring[(this.#head + place) & (this.#ring.length - 1)] = entry
  }

  push(entry: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2)
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = entry
  }

  unshift(entry: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2)
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = entry
    this.#size++
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const entry = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    // A quarter, not a half: so that an entry going back and forth never resizes twice in a row.
    if (this.#ring.length > LEAST && this.#size < this.#ring.length / 4) this.#resize(this.#ring.length / 2)
    return entry
  }

  /** Entries from `first` on, `count` at most. */
  slice(first = 0, count: number = this.#size): T[] {
    const end = Math.min(first + count, this.#size)
    const out: T[] = []
    for (let place = first; place < end; place++) out.push(this.at(place) as T)
    return out
  }

  clear(): void {
    this.#ring = new Array(LEAST)
    this.#head = 0
    this.#size = 0
  }

  clone(): Deque<T> {
    const twin = new Deque<T>()
    twin.#ring = this.#ring.slice()
    twin.#head = this.#head
    twin.#size = this.#size
    return twin
  }

  #resize(length: number): void {
    const ring: (T | undefined)[] = new Array(length)
    for (let place = 0; place < this.#size; place++) ring[place] = this.at(place)
    this.#ring = ring
    this.#head = 0
  }
}

/** A power of two, as every length of the ring is: places wrap by a mask. */
const LEAST = 16
