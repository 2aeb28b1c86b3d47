import { deferred, paired, type Wire } from '../../src/redis/wire.js'
import type { Network } from './network.js'
import { type Command, nameOf, readCommand, show } from './script-call.js'

interface Pending {
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: Error) => void
}

interface Request {
  readonly number: number
  readonly command: Command
  /** The network's own. */
  readonly copy: boolean
}

/** Both ends of one wire: what the library holds, and the connection as the server sees it. */
export class Link implements Wire {
  readonly lost: Promise<unknown>
  readonly #lose: (cause: unknown) => void
  readonly #net: Network
  readonly #ordered: boolean
  readonly #pending = new Map<number, Pending>()
  #number = 0
  /** This end is of no use any more. */
  #ended = false
  /** The server still believes in it. */
  #served = true
  /** Nothing comes through any more, and nobody is told. */
  #mute = false
  #deaf = false
  /** What arrived behind a command that blocks. */
  readonly #behind: Request[] = []
  #unblock: (() => void) | undefined
  #unsubscribe: (() => void) | undefined
  #lastArrival = 0
  #lastDelivery = 0

  constructor(net: Network, ordered: boolean) {
    this.#ordered = ordered
    this.#net = net
    const { promise, resolve } = deferred<unknown>()
    this.lost = promise
    this.#lose = resolve
    net.opened(this)
  }

  send(_key: string, args: readonly string[]): Promise<unknown> {
    return this.#send(readCommand(args))
  }

  hear(_channel: string, told: (message: string) => void): Promise<unknown> {
    return this.#send({ kind: 'subscribe', told })
  }

  probe(): Promise<unknown> {
    return this.#send({ kind: 'info' })
  }

  #send(command: Command): Promise<unknown> {
    const { world, witness, host } = this.#net
    if (this.#ended) return Promise.reject(new Error('The client is closed'))
    if (command.kind === 'script') witness.sent(command.op, host)
    const number = ++this.#number
    if (command.kind === 'load') host.loads++
    world.note(() => `${host.name} sends ${show(command)}`)
    return new Promise((resolve, reject) => {
      this.#pending.set(number, {
        resolve: (reply) => {
          if (command.kind === 'script') witness.answered(command.op)
          resolve(reply)
        },
        reject,
      })
      this.#travel({ number, command, copy: false })
    })
  }

  pair(key: string, first: readonly string[], second: readonly string[]): Promise<readonly unknown[]> {
    return paired(this.send(key, first), this.send(key, second))
  }

  cut(): void {
    if (!this.#ended) this.#end(undefined)
  }

  /** The network, the server or its host has dropped it. */
  reset(): void {
    this.#leave()
    this.#net.host.deliver(this.#net.delay(), () => {
      if (!this.#ended) this.#end(new Error('Socket closed unexpectedly'))
    })
  }

  /** The process is gone, and the server finds out by and by. */
  orphan(): void {
    this.#ended = true
    this.#net.closed(this)
    this.#leaveServer()
  }

  #end(cause: Error | undefined): void {
    this.#ended = true
    this.#net.closed(this)
    this.#lose(cause)
    const error = cause ?? new Error('Disconnects client')
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.#leaveServer()
  }

  /** Some time after us; what was on its way may still arrive, late as well, if the server reads it before it notices. */
  #leaveServer(): void {
    const { world, quality } = this.#net
    const late = quality.late * (world.dice.chance(0.3) ? 1 : 0.02)
    world.agenda.add(this.#net.delay() + world.dice.between(0, late), () => {
      this.#leave()
    })
  }

  #leave(): void {
    this.#served = false
    this.#unblock?.()
    this.#unsubscribe?.()
  }

  #travel(request: Request): void {
    const { world, quality, host } = this.#net
    const { dice } = world
    const due = world.now + this.#net.delay() + (dice.chance(quality.slow) ? this.#net.trouble('slow', host) : 0)
    const at = this.#ordered ? Math.max(due, this.#lastArrival) : due
    this.#lastArrival = at
    if (dice.chance(quality.loseRequest)) {
      this.#net.trouble('lostRequests', host)
      // Behind a hole in a stream nothing arrives.
      if (this.#ordered) this.#mute = true
      else return
    }
    if (this.#mute) return
    world.agenda.addAt(at, () => this.#arrive(request))
    if (request.command.kind === 'script' && dice.chance(quality.repeat)) {
      world.count('lateRequests')
      world.agenda.add(at - world.now + dice.between(0, quality.late), () => this.#arrive({ ...request, copy: true }))
    }
  }

  #arrive(request: Request): void {
    const { world, server } = this.#net
    if (!this.#served) return
    if (server.downUntil > world.now) {
      this.reset()
    } else if (server.hungUntil > world.now) {
      world.agenda.add(server.hungUntil - world.now, () => this.#arrive(request))
    } else if (this.#unblock) {
      this.#behind.push(request)
    } else {
      this.#serve(request)
    }
  }

  #serve({ number, command, copy }: Request): void {
    const { world, server, host } = this.#net
    if (this.#ended) world.count('servedAfterEnd')
    if (command.kind === 'blpop') {
      this.#block(number, command)
      return
    }
    if (command.kind === 'subscribe') {
      this.#unsubscribe ??= server.subscribe((message) => this.#push(() => command.told(message)))
      this.#answer(number, ({ resolve }) => resolve(undefined))
      return
    }
    try {
      const reply = server.run(command, host.name, copy)
      world.note(() => `server runs ${show(command)} for ${host.name}: ${JSON.stringify(reply)}`)
      this.#answer(number, ({ resolve }) => resolve(reply), nameOf(command))
    } catch (error) {
      world.note(() => `server refuses ${show(command)} for ${host.name}: ${(error as Error).message}`)
      this.#answer(number, ({ reject }) => reject(new Error((error as Error).message)))
    }
  }

  #block(number: number, { key, seconds }: Extract<Command, { kind: 'blpop' }>): void {
    const { world, server } = this.#net
    let over = false
    const end = (reply: unknown): void => {
      if (over) return
      over = true
      leave()
      timer.off = true
      this.#unblock = undefined
      this.#answer(number, ({ resolve }) => resolve(reply))
      const behind = this.#behind.splice(0)
      for (const request of behind) this.#arrive(request)
    }
    let leave = (): void => {}
    const timer = world.agenda.add(seconds * 1_000, () => end(null))
    this.#unblock = () => end(null)
    leave = server.pop(key, end)
    if (over) leave()
  }

  /** `what`: of a script that has run. */
  #answer(number: number, settle: (pending: Pending) => void, what?: string): void {
    this.#back(() => {
      const pending = this.#pending.get(number)
      if (!pending) return
      this.#pending.delete(number)
      settle(pending)
    }, what)
  }

  /** What the server sends without being asked: nobody waits for it, so nobody sees that it is lost. */
  #push(told: () => void): void {
    if (this.#deaf) return
    this.#back(() => {
      if (!this.#ended) told()
    })
  }

  #back(arrive: () => void, what?: string): void {
    const { world, quality, host } = this.#net
    const { dice } = world
    if (this.#deaf || !this.#served) return
    if (dice.chance(quality.loseReply)) {
      this.#net.trouble('lostReplies', host)
      if (what) world.count(`lost ${what}`)
      if (this.#ordered) this.#deaf = true
      return
    }
    if (dice.chance(quality.cutReply)) {
      this.#net.trouble('cuts', host)
      if (what) world.count(`lost ${what}`)
      this.reset()
      return
    }
    const due = world.now + this.#net.delay() + (dice.chance(quality.slow) ? this.#net.trouble('slow', host) : 0)
    const at = this.#ordered ? Math.max(due, this.#lastDelivery) : due
    this.#lastDelivery = at
    host.deliverAt(at, arrive)
  }
}
