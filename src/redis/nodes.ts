import { isFull } from './trouble.js'
import { PLAIN, Untold, type Wire } from './wire.js'

/** What is asked of a cluster's client. */
interface ClusterClient {
  sendCommand(key: string | undefined, isReadonly: boolean, args: readonly string[], options: object): Promise<unknown>
  multi(): Pipeline
}

/** Its commands go over one connection. */
interface Pipeline {
  addCommand(key: string, isReadonly: boolean, args: readonly string[]): Pipeline
  execAsPipeline(): Promise<unknown[]>
}

/** Sends to the node that holds a key, over a client of all nodes. */
export class Nodes implements Pick<Wire, 'send' | 'pair'> {
  readonly #client: ClusterClient
  readonly #recalls = new WeakMap<Promise<unknown>, Recall>()

  constructor(client: unknown) {
    this.#client = client as ClusterClient
  }

  send(key: string, args: readonly string[]): Promise<unknown> {
    const recall = new Recall()
    const answer = this.#send(key, args, recall)
    this.#recalls.set(answer, recall)
    return answer
  }

  /** A pipeline takes no signal: what waits for its node cannot be called back, and its outcome is unknown. */
  async pair(key: string, first: readonly string[], second: readonly string[]): Promise<readonly unknown[]> {
    try {
      const pipeline = this.#client.multi().addCommand(key, false, first).addCommand(key, false, second)
      return await pipeline.execAsPipeline()
    } catch (error) {
      const { message } = error as Error
      // Nor does it say whose error it is; and the first of two may have been the last there was room for.
      if (message.includes(`'${second[0]?.toLowerCase()}'`) || isFull(error)) throw new Untold(error)
      if (!(error instanceof TypeError || /^(MOVED|ASK) /.test(message))) throw error
      // It follows no redirection, and asks nobody where the slot is: an ordinary command does, and shows it.
      await this.send(key, ['EXISTS', key])
      throw new Error(`TRYAGAIN the slot of the queue moves: ${message}`, { cause: error })
    }
  }

  /** As `Wire.takeBack`: a client keeps what is for a node that is away, and would send it once that is back. */
  takeBack(answer: Promise<unknown>): boolean {
    return this.#recalls.get(answer)?.use() ?? false
  }

  async #send(key: string, args: readonly string[], recall: Recall): Promise<unknown> {
    const options = { ...PLAIN, abortSignal: recall }
    try {
      return await this.#client.sendCommand(key, false, args, options)
    } catch (error) {
      if (recall.aborted) throw new Error('nothing was sent: the node of the queue was away', { cause: error })
      if (!(error instanceof TypeError)) throw error
      // It knows no node for the slot, stumbles over that, and has sent nothing. Any node tells it more.
      return this.#client.sendCommand(undefined, false, args, options)
    }
  }
}

/**
 * As much of an AbortSignal as node-redis uses. It listens for as long as it keeps a command, and no longer once that is
 * written: so what is called back here has not gone out.
 */
class Recall {
  aborted = false
  #kept = true
  #drop = (): void => {}

  addEventListener(_abort: string, drop: () => void): void {
    this.#drop = drop
    this.#kept = true
  }

  removeEventListener(): void {
    this.#kept = false
  }

  /** False when it may have gone out. */
  use(): boolean {
    if (!this.#kept) return false
    this.aborted = true
    this.#drop()
    return true
  }
}
