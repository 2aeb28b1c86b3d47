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

  constructor(client: unknown) {
    this.#client = client as ClusterClient
  }

  send(key: string, args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(key, false, args, PLAIN)
  }

  async pair(key: string, first: readonly string[], second: readonly string[]): Promise<readonly unknown[]> {
    try {
      const pipeline = this.#client.multi().addCommand(key, false, first).addCommand(key, false, second)
      return await pipeline.execAsPipeline()
    } catch (error) {
      const { message } = error as Error
      // Nor does it say whose error it is; and the first of two may have been the last there was room for.
      if (message.includes(`'${second[0]?.toLowerCase()}'`) || isFull(error)) throw new Untold(error)
      if (!/^(MOVED|ASK) /.test(message)) throw error
      // It follows no redirection: an ordinary command does, and shows it where the slot is now.
      await this.send(key, ['EXISTS', key])
      throw new Error(`TRYAGAIN the slot of the queue moves: ${message}`, { cause: error })
    }
  }
}
