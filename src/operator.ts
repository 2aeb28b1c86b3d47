import { type Calls, checkIds } from './calls.js'
import { checkBy, type Rules } from './check.js'
import { afterSome } from './partial.js'
import {
  type Encounter,
  LISTED,
  type ListedState,
  type MoveRequest,
  type Patience,
  type State,
  type Store,
} from './store.js'

/** The state an ID was met in. */
export interface Met {
  readonly id: string
  readonly was: State
  /** The first sending's answer was lost; this is what the second met, so `was` may be what the first has made of it. */
  readonly repeated?: true
}

/** IDs of a state that one look and one script take. */
const PAGE = 1_000

/** What says all that are in one state. */
const ALL: Rules = { state: { kind: 'choice', choices: LISTED, fallback: undefined, about: '' } }

type Verb = (store: Store, ids: readonly string[], patience: Patience) => Promise<Encounter>
type Meet = (store: Store, ids: readonly string[], patience: Patience) => Promise<readonly Met[]>

/** Does `work` by the verb, and where it goes wrong tells how many that had answered. */
async function counting<T>(verb: Verb, what: string, work: (meet: Meet) => Promise<T>): Promise<T> {
  let answered = 0
  const meet: Meet = async (store, ids, patience) => {
    const { states, repeated } = await verb(store, ids, patience)
    answered += ids.length
    return ids.map((id, i) => ({ id, was: states[i] as State, ...(repeated ? { repeated } : {}) }))
  }
  return work(meet).catch((error: unknown) => {
    throw afterSome({ error }, answered, what)
  })
}

/** What is done to a queue by hand: to IDs, to all in one state, or to the whole. */
export class Operator {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  withdraw(ids: unknown): Promise<Met[] | number> {
    const { state } = (typeof ids === 'object' && ids !== null && 'state' in ids ? ids : {}) as { state?: unknown }
    // What narrowed them down, were there such an option, would take all of them out.
    const from = state === undefined ? undefined : checkBy<{ state: ListedState }>(ALL, 'withdraw', ids as object).state
    const verb: Verb = (store, some, patience) => store.withdraw({ ids: some, from }, patience)
    return from ? this.#all(from, verb) : this.#each(ids, verb)
  }

  move(from: MoveRequest['from'], ids: unknown): Promise<Met[] | number> {
    const verb: Verb = (store, some, patience) => store.move({ ids: some, from }, patience)
    return ids === 'all' ? this.#all(from, verb) : this.#each(ids, verb)
  }

  async control(order: 'clear' | 'pause' | 'resume'): Promise<number> {
    return (await this.#calls.call('operator', (store, patience) => store.control({ order }, patience))).count
  }

  async #each(ids: unknown, verb: Verb): Promise<Met[]> {
    const checked = checkIds(ids)
    const what = `of ${checked.length} IDs were answered`
    return counting(verb, what, (meet) => this.#calls.inChunks('operator', checked, meet))
  }

  #all(state: ListedState, verb: Verb): Promise<number> {
    return counting(verb, 'IDs were answered', (meet) => this.#pages(state, meet))
  }

  /**
   * Page after page, as the state is when each is read. What is done to a page takes it out of the state, so the same
   * place is looked at again; only what stays there is stepped over. Others work meanwhile and move what we have not
   * seen to where we have looked, so the whole is gone through until nothing is found, or as many were done as were there
   * at the start: a queue that is filled as fast as this empties it holds nobody for ever.
   */
  async #pages(state: ListedState, meet: Meet): Promise<number> {
    const before = await this.#calls.call('operator', (store, patience) => store.counts(patience))
    /** A running one stays where it is, withdrawn. */
    const marked = new Set<string>()
    let done = 0
    let found = 0
    for (let cursor: number | null = 0; done < before[state]; ) {
      const at: number = cursor
      const page = await this.#calls.call('operator', (store, patience) =>
        store.list({ state, cursor: at, limit: PAGE }, patience),
      )
      const ids = page.ids.filter((id) => !marked.has(id))
      const met = await this.#calls.inChunks('operator', ids, meet)
      const some = met.filter(({ was }) => was === state).length
      if (state === 'processing') for (const id of ids) marked.add(id)
      done += some
      found += some
      if (some > 0 && state !== 'processing') continue
      cursor = page.cursor
      if (cursor !== null) continue
      if (found === 0) break
      ;[cursor, found] = [0, 0]
    }
    return done
  }
}
