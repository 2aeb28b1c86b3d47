import { troubleOf } from './trouble.js'
import { PLAIN, paired } from './wire.js'

/** One connection, for as long as it is lent. */
interface Lent {
  sendCommand(args: readonly string[], options: object): Promise<unknown>
}

/** Calls `use` once it has a connection to lend; a sentinel's client again, with another, where that fails. */
export type Lend = (use: (lent: Lent) => Promise<unknown>) => Promise<unknown>

interface Errand {
  /** Nothing of it has gone out. */
  waits: boolean
  takeBack(): void
}

/**
 * Sends over connections that are lent: by a pool, which may have none to spare, or by a sentinel's client, which may be
 * looking for its master, and sends again by itself what the last one may have run. Here nothing goes out twice, what came
 * of it is told at once, and as long as it waits it can be taken back.
 */
export class Loans {
  readonly #lend: Lend
  readonly #errands = new WeakMap<Promise<unknown>, Errand>()

  constructor(lend: Lend) {
    this.#lend = lend
  }

  send(args: readonly string[]): Promise<unknown> {
    return this.#run([args], ([reply]) => reply as Promise<unknown>)
  }

  pair(first: readonly string[], second: readonly string[]): Promise<readonly unknown[]> {
    return this.#run([first, second], ([one, two]) => paired(one as Promise<unknown>, two as Promise<unknown>))
  }

  /** As `Wire.takeBack`. */
  takeBack(answer: Promise<unknown>): boolean {
    const errand = this.#errands.get(answer)
    if (!errand?.waits) return false
    errand.takeBack()
    return true
  }

  #run<T>(
    commands: readonly (readonly string[])[],
    read: (replies: readonly Promise<unknown>[]) => Promise<T>,
  ): Promise<T> {
    const errand: Errand = { waits: true, takeBack: () => {} }
    const answer = new Promise<T>((resolve, reject) => {
      errand.takeBack = () => {
        errand.waits = false
        reject(new Error('nothing was sent: no connection was free in time'))
      }
      const use = async (lent: Lent): Promise<void> => {
        if (!errand.waits) return
        errand.waits = false
        const replies = commands.map(async (args) => lent.sendCommand(args, PLAIN))
        read(replies).then(resolve, reject)
        // It is lent until all are answered: nobody else is to wait behind them.
        await Promise.allSettled(replies)
        // By what failed a sentinel's client sees that its master is another.
        await Promise.all(replies)
      }
      // A pool may fail the loan for a connection that it could not make, while the commands are on their way over another.
      this.#lend(use).catch((error: unknown) => errand.waits && reject(unsent(error)))
    })
    this.#errands.set(answer, errand)
    return answer
  }
}

/** Whatever it was, it came before anything went out. */
function unsent(cause: unknown): unknown {
  const { kind, error } = troubleOf(cause)
  return kind === 'unknown' ? new Error(`nothing was sent: ${error.message}`, { cause }) : cause
}
