import { randomName } from './calls.js'
import { ConvoyError } from './errors.js'
import type { Events } from './events.js'
import { jamGuard, type Sweeping, sweepOnce } from './jam-guard.js'
import type { JammedJob } from './job.js'
import type { Opening } from './opening.js'
import { check } from './options.js'
import { afterSome } from './partial.js'
import { checkPresets } from './presets.js'
import type { QueueSettings } from './queue-settings.js'
import type { Store } from './store.js'
import { show } from './time.js'

interface SweeperOptions {
  readonly settings: QueueSettings
  readonly store: Store
  readonly opening: Opening
  readonly events: Events
}

/** Reads the options of guards and of single sweeps, and knows what each of a queue goes by. */
export class Sweeper {
  readonly #options: SweeperOptions

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** A guard, as a loop. Throws what is wrong with its options before it begins. */
  guard(options: unknown, onJammed: unknown): (signal: AbortSignal) => Promise<void> {
    const { settings, opening, events } = this.#options
    const { every, maxJams } = check<{ every: number; maxJams?: number }>('jamGuard', options as object | undefined)
    if (onJammed !== undefined && typeof onJammed !== 'function') {
      throw new ConvoyError('BAD_HANDLER', `jamGuard: expected a function, not ${show(onJammed)}`)
    }
    const timeout = Math.max(every, settings.publishTimeout)
    const sweeping = this.#sweeping('jamGuard', maxJams)
    return (signal) =>
      jamGuard({
        ...sweeping,
        ...{ signal, every, events, timeout, id: randomName() },
        opened: () => opening.open('guard', { timeout, signal }),
        ...(onJammed ? { onJammed: onJammed as (jobs: readonly JammedJob[]) => unknown } : {}),
      })
  }

  async sweep(options: unknown): Promise<JammedJob[]> {
    const { settings, opening, events } = this.#options
    const given = check<{ maxJams?: number; signal?: AbortSignal }>('sweep', options as object | undefined)
    const { maxJams, signal = new AbortController().signal } = given
    const timeout = settings.publishTimeout
    const sweeping = this.#sweeping('sweep', maxJams)
    await opening.open('guard', { timeout, signal })
    const jammed: JammedJob[] = []
    const trouble = await sweepOnce({ ...sweeping, signal }, timeout, jammed).catch((error: unknown) => ({ error }))
    if (jammed.length > 0) events.emit('jammed', jammed)
    if (trouble) throw afterSome(trouble, jammed.length, 'IDs were recovered')
    return jammed
  }

  #sweeping(call: string, maxJams = this.#options.settings.maxJams): Omit<Sweeping, 'signal'> {
    const { settings, store } = this.#options
    const { clock, keepFailed, lease, policy, presets } = settings
    checkPresets(call, { maxJams }, presets)
    return { store, clock, keepFailed, lease, maxJams, ordered: policy?.ordered === true }
  }
}
