import { type Calls, checkIds } from './calls.js'
import { checkId } from './job.js'
import { type JobInfo, jobInfo } from './job-info.js'
import { type Serializer, unpackResult } from './payload.js'
import { type Stats, statsOf } from './stats.js'
import type { ListRequest, Page, Recollection } from './store.js'

/** The kept result of an ID's last run. Any value is a result, `undefined` too: so it is told apart from none. */
export type KeptResult<Result> = { readonly found: true; readonly value: Result } | { readonly found: false }

interface LookingOptions {
  readonly calls: Calls
  readonly serializer: Serializer<unknown>
  readonly resultSerializer: Serializer<unknown>
}

/** All that can be seen of a queue; nothing here changes anything. */
export class Looking {
  readonly #options: LookingOptions

  constructor(options: LookingOptions) {
    this.#options = options
  }

  async stats(): Promise<Stats> {
    return statsOf(await this.#options.calls.call('dashboard', (store, patience) => store.counts(patience)))
  }

  async inspect(ids: unknown): Promise<JobInfo[]> {
    const { calls, serializer } = this.#options
    const seen = await calls.inChunks('dashboard', checkIds(ids), (store, some, patience) =>
      store.inspect(some, patience),
    )
    return seen.map((one) => jobInfo(one, serializer))
  }

  list(request: ListRequest): Promise<Page> {
    return this.#options.calls.call('dashboard', (store, patience) => store.list(request, patience))
  }

  async result(id: unknown): Promise<KeptResult<unknown>> {
    const { result } = await this.#recall(id)
    return result === null
      ? { found: false }
      : { found: true, value: unpackResult(this.#options.resultSerializer, result) }
  }

  async logOf(id: unknown): Promise<readonly string[]> {
    return (await this.#recall(id)).log
  }

  async #recall(id: unknown): Promise<Recollection> {
    const ids = [checkId(id)]
    const [kept] = await this.#options.calls.call('dashboard', (store, patience) => store.recall(ids, patience))
    return kept as Recollection
  }
}
