import { ADMIN, type RedisServer } from './redis-server.js'

/** A slot on its way from one master of a cluster to another, step by step, as redis-cli takes it there. */
export class SlotMove {
  readonly #slot: number
  readonly #from: RedisServer
  readonly #to: RedisServer
  readonly #target: string

  private constructor(slot: number, from: RedisServer, to: RedisServer, target: string) {
    this.#slot = slot
    this.#from = from
    this.#to = to
    this.#target = target
  }

  /** From now on a script is answered TRYAGAIN where one of its keys is not there, and ASK where none is. */
  static async begin(slot: number, from: RedisServer, to: RedisServer): Promise<SlotMove> {
    const source = await from.cli('CLUSTER', 'MYID')
    const target = await to.cli('CLUSTER', 'MYID')
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
    return new SlotMove(slot, from, to, target)
  }

  async carry(key: string): Promise<void> {
    const auth = ['AUTH2', ADMIN.username, ADMIN.password]
    await this.#from.cli('MIGRATE', '127.0.0.1', this.#to.port ?? 0, key, 0, 5_000, 'REPLACE', ...auth)
  }

  /** Whatever is still there, key by key. */
  async carryRest(pace: () => Promise<void> = async () => {}): Promise<void> {
    for (;;) {
      const keys = await this.#from.cli<string[]>('CLUSTER', 'GETKEYSINSLOT', this.#slot, 100)
      if (keys.length === 0) return
      for (const key of keys) {
        await this.carry(key)
        await pace()
      }
    }
  }

  /** From now on it answers MOVED, or takes the calls. */
  async tell(node: RedisServer): Promise<void> {
    await node.cli('CLUSTER', 'SETSLOT', this.#slot, 'NODE', this.#target)
  }

  /** The two of them first, then all others that run. */
  async finish(masters: readonly RedisServer[]): Promise<void> {
    const others = masters.filter((node) => node.running && node !== this.#to && node !== this.#from)
    for (const node of [this.#to, this.#from, ...others]) await this.tell(node)
  }
}
