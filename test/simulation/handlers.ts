import type { Handler, Job } from '../../src/job.js'
import type { Worker } from '../../src/worker/worker.js'
import type { Run } from './claim.js'
import type { Host } from './host.js'
import type { Witness } from './witness.js'
import type { World } from './world.js'

/** What handlers do, and how often: weights. */
export interface Manners {
  readonly quick?: number
  readonly slow?: number
  readonly atOnce?: number
  readonly fails?: number
  /** Waits to be told to stop, for long. */
  readonly obeys?: number
  /** Waits to be told to stop, however long. */
  readonly stops?: number
  /** Does not listen. */
  readonly deaf?: number
  /** Publishes its own ID while it runs. */
  readonly again?: number
}

export interface Act {
  readonly world: World
  readonly witness: Witness
  readonly host: Host
  readonly manners: { readonly usual: Manners; current: Manners | undefined }
  /** ms that the slow take at most. */
  readonly slowest: number
  readonly publish: (id: string) => void
  /** It tells how far it has come, and leaves a result. */
  readonly tells: boolean
  readonly told: (job: Job, promise: Promise<boolean>) => void
}

/** A handler that behaves by chance; every run of it is seen by the witness, from its first to its last line. */
export function handlerOf(
  { world, witness, host, manners, slowest, publish, tells, told }: Act,
  worker: () => Worker,
): Handler {
  const { dice } = world
  return (job: Job) => {
    const run = witness.began(host, worker(), job)
    const kind = dice.pick(kindsOf(manners.current ?? manners.usual))
    world.note(() => `${host.name} runs ${job.id} (${job.token}), ${kind}`)
    const after = (ms: number): Promise<void> => new Promise((resolve) => host.deliver(ms, resolve))
    const tell = (): void => {
      told(job, dice.chance(0.5) ? job.progress(dice.whole(0, 10), 10) : job.log(`line ${dice.whole(1, 9)}`))
    }
    // Now and then as long as it runs: also once its process has stood still, and knows nothing of that yet.
    const tellOn = (run: Run): void => {
      tell()
      host.deliver(dice.between(20, 200), () => run.outcome ?? tellOn(run))
    }
    if (tells && dice.chance(0.4)) tell()
    if (tells && dice.chance(0.3)) tellOn(run)
    const returned = (): unknown => {
      world.note(() => `${host.name} ends ${job.id} (${job.token})`)
      witness.ended(run, 'returned')
      return tells ? { of: job.id, token: job.token } : undefined
    }
    // Perhaps too late.
    if (tells && dice.chance(0.2)) host.deliver(dice.between(0, 200), tell)
    const failed = (): never => {
      witness.ended(run, 'threw')
      throw new Error(`${job.id} fails`)
    }
    switch (kind) {
      case 'atOnce':
        return dice.chance(0.3) ? failed() : returned()
      case 'quick':
        return after(dice.between(0, 30)).then(returned)
      case 'slow':
      case 'deaf':
        return after(dice.between(0, slowest)).then(returned)
      case 'fails':
        return after(dice.between(0, 100)).then(failed)
      case 'again':
        publish(job.id)
        return after(dice.between(0, 200)).then(returned)
      case 'stops':
        return obey(job.signal, new Promise(() => {})).then(returned, failed)
      default:
        return obey(job.signal, after(dice.between(0, slowest))).then(
          () => returned(),
          () => failed(),
        )
    }
  }
}

const KINDS = new WeakMap<Manners, readonly string[]>()

/** Each as often as it weighs. */
function kindsOf(manners: Manners): readonly string[] {
  const known = KINDS.get(manners)
  if (known) return known
  const kinds = Object.entries(manners).flatMap(([kind, weight]) => Array<string>(weight).fill(kind))
  KINDS.set(manners, kinds)
  return kinds
}

/** Resolves when the work is done, rejects as soon as it is told to stop. */
function obey(signal: AbortSignal, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    void work.then(resolve)
  })
}
