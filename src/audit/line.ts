import type { AuditReply, AuditRequest, Named } from '../audit-verbs.js'

/** An entry of the line as it was seen. `twin`: the ID stands at this place of the line, too. */
export interface Seen extends Named {
  readonly place: number
  readonly twin: number | null
}

/**
 * What is known of a line that moves while it is read, by windows from its head to its tail.
 *
 * An entry keeps its place (its number since the beginning) until it is taken. It comes in at the tail, where the window
 * has not been yet, or at the head, and how many ever did is counted: so many first entries each reply tells, too. Hence
 * once a reply has reached the tail, every entry that stands in the line at that moment has been seen: an ID that waits
 * and was not seen stands nowhere. Nothing is guessed, however fast the line moves.
 */
export class Line {
  /** Every entry of the line, at the moment of the last reply, has been seen. */
  caughtUp = false
  /** Entries between the window and the tail. */
  behind = 0
  /** How often it began anew: somebody edited the line by hand, or more came back to the head than one look tells. */
  restarts = 0
  /** ID → the furthest place it was seen at. */
  readonly #seen = new Map<string, number>()
  #from = Number.MIN_SAFE_INTEGER
  #returned = -1
  /** `returned` when the turn began. */
  #began = -1
  #tail = Number.MIN_SAFE_INTEGER

  get next(): Pick<AuditRequest, 'from' | 'returned'> {
    return { from: this.#from, returned: this.#returned }
  }

  /** Takes in a reply to a request made by `next`; tells what it saw. */
  take({ totals, length, head, place, line }: AuditReply): Seen[] {
    const { taken, returned } = totals
    const tail = taken + length
    const back = this.#returned === -1 ? 0 : returned - this.#returned
    // Neither goes back, unless the keys are edited by hand, or the server forgets.
    if (back < 0 || tail < this.#tail || head.length < Math.min(back, length)) return this.#restart(tail, returned)
    if (this.#began === -1) this.#began = returned
    const seen = [...head.map((one, i) => this.#see(one, taken + 1 + i, taken, returned))]
    seen.push(...line.map((one, i) => this.#see(one, place + i, taken, returned)))
    this.#from = Math.max(this.#from, place + line.length)
    this.#returned = returned
    this.#tail = tail
    this.behind = Math.max(0, tail - this.#from + 1)
    this.caughtUp = this.behind === 0
    return seen
  }

  /** Whether the ID may stand in the line, whose head was at `taken + 1`. False is certain once caught up. */
  holds(id: string, taken: number): boolean {
    return (this.#seen.get(id) ?? Number.NEGATIVE_INFINITY) > taken
  }

  /** The furthest place it was seen at. */
  placeOf(id: string): number {
    return this.#seen.get(id) ?? Number.MIN_SAFE_INTEGER
  }

  #see(one: Named, place: number, taken: number, returned: number): Seen {
    const before = this.#seen.get(one.id)
    this.#seen.set(one.id, Math.max(place, before ?? place))
    // While nothing came back to the head, a place that is not taken yet holds what it held.
    const double = before !== undefined && before !== place && before > taken && returned === this.#began
    return { ...one, place, twin: double ? before : null }
  }

  #restart(tail: number, returned: number): [] {
    this.restarts++
    this.#seen.clear()
    this.#from = Number.MIN_SAFE_INTEGER
    this.#returned = returned
    this.#began = returned
    this.#tail = tail
    this.caughtUp = false
    this.behind = Number.POSITIVE_INFINITY
    return []
  }
}
