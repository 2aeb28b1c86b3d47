import { type DurabilityNeed, LAYOUT, leavesDigest, type Patience, type Role } from '../store.js'
import { type Clock, pause } from '../time.js'
import type { Caller } from './call.js'
import type { Connection } from './connection.js'
import { checkServer } from './fitness.js'
import { KEYS } from './keys.js'
import { rightsOf } from './rights.js'
import type { Scripts } from './scripts.js'
import { troubleOf } from './trouble.js'

/** ms. */
const LEAST_WAIT = 50

interface OpenerOptions {
  readonly connection: Connection
  readonly caller: Caller
  readonly clock: Clock
  readonly scripts: Scripts
  readonly need: DurabilityNeed
  /** What the way to the server runs by itself, whatever the role. */
  readonly besides: readonly string[]
}

/** Finds out, before a role's first call, whether the server, the keys and our rights are what the queue needs. */
export class Opener {
  readonly #options: OpenerOptions
  /** The server was checked, and found fit. */
  #fit = false

  constructor(options: OpenerOptions) {
    this.#options = options
  }

  /** Any key of the queue: where it lives. */
  get key(): string {
    return this.#options.scripts.check.head[3] as string
  }

  /** Look first, by a script that cannot write; then leave the digest, if that is ours to do. Answers the other one that stood there. */
  async open(digest: string, role: Role | undefined, patience: Patience): Promise<string> {
    const { clock, caller, scripts, besides } = this.#options
    const until = clock.now() + patience.timeout
    const rest = (): Patience => ({ ...patience, timeout: until - clock.now() })
    // Once: what the server can give is not asked anew for each role.
    if (!this.#fit) await this.#check(rest())
    this.#fit = true
    const { check, open } = scripts
    const layout = String(LAYOUT)
    const types = check.parts.map((part) => KEYS[part])
    const rights = role ? [...rightsOf(role), ...besides] : []
    const was = (await caller.run(check, [layout, role ?? '', ...types, ...rights], rest())).reply as string
    if (was === digest) return ''
    if (!leavesDigest(role)) return was
    return (await caller.run(open, [layout, digest], rest())).reply as string
  }

  /** What is wrong is said in one line, before a server too old meets a script it cannot read. */
  async #check(patience: Patience): Promise<void> {
    const { clock, connection, need } = this.#options
    for (const until = clock.now() + patience.timeout; ; ) {
      const wire = await connection.ready({ ...patience, timeout: until - clock.now() })
      const left = Math.max(0, until - clock.now())
      try {
        await connection.watch(wire, checkServer(wire, this.key, need), left)
        return
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble.error === error) throw error
        // What cannot be asked now the scripts will tell, only less clearly; but durability is never taken on trust.
        if (need === 'memory') return
        if (trouble.kind === 'fatal' || left < LEAST_WAIT) throw trouble.error
        await pause(clock, LEAST_WAIT, patience.signal)
      }
    }
  }
}
