import type { Dice } from './dice.js'
import type { Host } from './host.js'
import { CALM, type Quality } from './network.js'
import type { Server } from './server.js'
import type { World } from './world.js'

/** What may happen to a server or a process, one at a time. */
type Fault = 'crash' | 'stall' | 'lapse' | 'down' | 'hang' | 'refuse' | 'flush' | 'skew' | 'reset'

const FAULTS: readonly Fault[] = ['crash', 'stall', 'down', 'hang', 'refuse', 'flush', 'skew', 'reset']
const REFUSALS = [
  'READONLY You can not write against a read only replica.',
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script.',
  "OOM command not allowed when used memory > 'maxmemory'.",
]
/** The server's clock jumps by this much at most, in leases. */
export const LONGEST_JUMP = 1.5

/** A network by chance: each seed has its own mixture, and many have none of one kind, so that rare pairs meet as well. */
export function qualityBy(dice: Dice, lease: number): Quality {
  if (dice.chance(0.15)) return CALM
  const odds = (most: number): number => (dice.chance(0.45) ? dice.roll() * most : 0)
  return {
    delay: dice.pick([
      [0.05, 0.5],
      [0.1, 5],
      [1, 25],
      [2, 60],
    ] as const),
    ordered: dice.chance(0.65),
    slow: odds(0.04),
    slowest: dice.between(50, lease * 1.5),
    loseRequest: odds(0.03),
    loseReply: odds(0.05),
    cutReply: odds(0.03),
    repeat: odds(0.06),
    late: dice.between(10, lease * 1.5),
    hangDial: odds(0.2),
    refuseDial: odds(0.3),
  }
}

/** Strikes at random until told to stop. */
export class Faults {
  readonly #world: World
  readonly #server: Server
  readonly #hosts: () => readonly Host[]
  readonly #busy: () => readonly Host[]
  readonly #kinds: readonly Fault[]
  readonly #lease: number
  readonly #apart: number
  #over = false

  /** `busy`: those whose handlers run; where it is given they stand still for longer than a lease, too. */
  constructor(world: World, server: Server, hosts: () => readonly Host[], lease: number, busy?: () => readonly Host[]) {
    const { dice } = world
    this.#world = world
    this.#server = server
    this.#hosts = hosts
    this.#lease = lease
    const kinds = dice.chance(0.15) ? [] : FAULTS.filter(() => dice.chance(0.5))
    this.#kinds = busy && dice.chance(0.5) ? [...kinds, 'lapse', 'lapse'] : kinds
    this.#busy = busy ?? hosts
    this.#apart = dice.between(200, 2_000)
    this.#next()
  }

  /** No more faults, and those that last end now. */
  stop(): void {
    const { now } = this.#world
    this.#over = true
    this.#server.downUntil = this.#server.hungUntil = now
    this.#server.refusal = { until: now, text: '' }
    for (const host of this.#hosts()) {
      host.wake()
      host.disturb(0)
    }
  }

  #next(): void {
    if (this.#kinds.length === 0) return
    this.#world.agenda.add(this.#world.dice.between(0, 2 * this.#apart), () => {
      if (this.#over) return
      this.#strike(this.#world.dice.pick(this.#kinds))
      this.#next()
    })
  }

  #strike(fault: Fault): void {
    const { dice, now } = this.#world
    const hosts = this.#hosts()
    const server = this.#server
    const ms = dice.between(0, dice.chance(0.3) ? 2.5 * this.#lease : this.#lease / 2)
    this.#world.count(fault)
    this.#world.note(() => `${fault} ${ms.toFixed(0)} ms`)
    switch (fault) {
      case 'crash':
        if (hosts.length > 0) dice.pick(hosts).crash()
        return
      case 'stall':
        if (hosts.length > 0) dice.pick(hosts).stall(ms)
        return
      case 'lapse': {
        const busy = this.#busy().filter(({ stalledUntil, closing }) => stalledUntil <= now && !closing)
        if (busy.length > 0) dice.pick(busy).stall(dice.between(1, 2.5) * this.#lease)
        return
      }
      case 'down':
        server.downUntil = now + ms
        server.forgetScripts()
        for (const host of hosts) for (const link of [...host.net.links]) link.reset()
        break
      case 'hang':
        server.hungUntil = now + ms
        break
      case 'refuse':
        server.refusal = { until: now + ms, text: dice.pick(REFUSALS) }
        break
      case 'flush':
        server.forgetScripts()
        return
      case 'skew': {
        const jump = dice.between(-LONGEST_JUMP, LONGEST_JUMP) * this.#lease
        if (Math.abs(server.skew + jump) < LONGEST_JUMP * this.#lease) server.skew += jump
        break
      }
      case 'reset':
        for (const host of hosts) for (const link of [...host.net.links]) if (dice.chance(0.5)) link.reset()
    }
    for (const host of hosts) host.disturb(ms)
  }
}
