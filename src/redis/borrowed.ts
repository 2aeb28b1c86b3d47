import { ConvoyError } from '../errors.js'
import { type Lend, Loans } from './loans.js'
import { Nodes } from './nodes.js'
import { endingStrays } from './strays.js'
import { answered, noneToSpare } from './trouble.js'
import { abortable, deferred, dial, type MakeWire, PING, PLAIN, paired, type Wire } from './wire.js'

/** What is asked of a node-redis client, cluster, sentinel or pool that the caller owns; its own types differ too much. */
export interface BorrowedClient {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: as the clients declare it
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as the clients declare it
  off(event: string, listener: (...args: any[]) => void): unknown
  getMaxListeners(): number
  setMaxListeners(most: number): unknown
  // biome-ignore lint/suspicious/noExplicitAny: node-redis's four clients have four signatures, and one caller each below
  sendCommand(...args: any[]): Promise<any>
}

type Lending = BorrowedClient & {
  /** A pool's. */
  execute: Lend
  /** A sentinel's: its commands go by this. */
  _execute(isReadonly: boolean, use: Parameters<Lend>[0]): ReturnType<Lend>
}

type Commands = Pick<Wire, 'send' | 'pair' | 'takeBack'>

/** Which of the four it is, by what only that one has. */
export function kindOf(client: BorrowedClient): 'client' | 'cluster' | 'sentinel' | 'pool' {
  // A URL in its place would be quoted, password and all, by the TypeError of `in`.
  const has = (name: string): boolean => typeof client === 'object' && client !== null && name in client
  if (has('nodeClient')) return 'cluster'
  if (has('getSentinelNode') && has('_execute')) return 'sentinel'
  if (has('totalClients')) return 'pool'
  if (has('isReady') && has('duplicate')) return 'client'
  const expected = 'a client, cluster, sentinel or pool of node-redis 5 or later; a URL is given as store'
  throw new ConvoyError('UNSUPPORTED', `redis: expected ${expected}`)
}

/** A pool, and a sentinel's client, lend one of their connections for each command. */
function loansOf(client: BorrowedClient): Loans | undefined {
  const { execute, _execute } = client as Lending
  switch (kindOf(client)) {
    case 'pool':
      return new Loans((use) => execute.call(client, use))
    case 'sentinel':
      return new Loans((use) => _execute.call(client, false, use))
    default:
      return undefined
  }
}

/** `lose` is told what only shows at a command: a cluster tells the loss of a node by no `error` event. */
function commandsOf(client: BorrowedClient, lose: (cause: unknown) => void): Commands {
  const watch = <T>(reply: Promise<T>): Promise<T> => {
    reply.catch((error: unknown) => answered(error) || noneToSpare(error) || lose(error))
    return reply
  }
  const loans = loansOf(client)
  if (loans) {
    return {
      send: (_key, args) => watch(loans.send(args)),
      pair: (_key, first, second) => watch(loans.pair(first, second)),
      takeBack: (answer) => loans.takeBack(answer),
    }
  }
  if (kindOf(client) === 'cluster') {
    const nodes = new Nodes(client)
    return {
      send: (key, args) => watch(nodes.send(key, args)),
      pair: (...pair) => watch(nodes.pair(...pair)),
      takeBack: (answer) => nodes.takeBack(answer),
    }
  }
  const send: Wire['send'] = (_key, args) => watch(client.sendCommand(args, PLAIN))
  return { send, pair: (key, first, second) => paired(send(key, first), send(key, second)) }
}

type Ears = BorrowedClient & { readonly isPubSubActive: boolean }

/**
 * A cluster subscribes over a connection of its own to the channel's node. When that breaks, or the slot moves, it
 * subscribes anew by itself and tells nobody: what was sent meanwhile would be missed without a word.
 */
function hearer(twin: BorrowedClient, lose: (cause: unknown) => void): Pick<Wire, 'hear' | 'probe'> {
  const { sSubscribe } = twin as unknown as { sSubscribe: NonNullable<Wire['hear']> }
  const hear: NonNullable<Wire['hear']> = (channel, told) => sSubscribe.call(twin, channel, told)
  const kind = kindOf(twin)
  if (kind === 'client') return { hear, probe: () => twin.sendCommand(PING, PLAIN) }
  if (kind !== 'cluster') return { hear }
  const hearNode = async (channel: string, told: (message: string) => void): Promise<void> => {
    await hear(channel, told)
    // A twin hears one channel. A node that only told where its slot has gone has such a connection too, which hears nothing.
    const { masters } = twin as unknown as { masters: { pubSub?: { client: Ears } }[] }
    const ears = masters.find(({ pubSub }) => pubSub?.client.isPubSubActive)?.pubSub?.client
    if (!ears) throw new ConvoyError('UNAVAILABLE', 'redis: the cluster does not show where it listens')
    for (const event of ['error', 'end']) ears.on(event, lose)
    // Cut while it looks for the slot, a cluster leaves connections behind: it has found it when it is subscribed again.
    ears.on('sharded-channel-moved', () => hear(channel, told).then(lose, lose))
  }
  // No probe: while one is on its way, node-redis takes the word that the slot has moved for its answer.
  return { hear: hearNode }
}

/** A twin of a borrowed client for blocking calls; the twin is ours. A pool has none: it is for publishing. */
export function twinOf(client: BorrowedClient): BorrowedClient {
  if (kindOf(client) === 'pool') {
    throw new ConvoyError(
      'UNSUPPORTED',
      'redis: a pool can publish, but not process; give a client, cluster or sentinel',
    )
  }
  return (client as unknown as { duplicate(): BorrowedClient }).duplicate()
}

/** A wire over a client that goes on by itself after a loss. Ours when it is a twin, the caller's otherwise. */
export function wireOver(client: BorrowedClient, own: boolean): MakeWire {
  return own ? overTwins(client) : overBorrowed(client)
}

/** A lost twin is thrown away, and another is made. */
function overTwins(first: BorrowedClient): MakeWire {
  let spare: BorrowedClient | undefined = first
  const make = async (signal: AbortSignal): Promise<Wire> => {
    const twin = spare ?? twinOf(first)
    spare = undefined
    const { promise: lost, resolve: lose } = deferred<unknown>()
    let up = false
    // Until it is up it goes on dialling by itself; an error nobody listens to would end the process, also after its end.
    twin.on('error', (error: unknown) => up && lose(error))
    const endStrays = endingStrays(twin)
    const cut = (): void => {
      lose(undefined)
      endStrays()
      const { destroy } = twin as unknown as { destroy(): unknown }
      // A sentinel's destroy() may also reject later; either way it is gone.
      Promise.resolve()
        .then(() => destroy.call(twin))
        .catch(() => {})
    }
    await dial(twin, signal, cut)
    up = true
    return { ...commandsOf(twin, lose), ...hearer(twin, lose), lost, cut }
  }
  return Object.assign(make, { to: 'the server of the redis client given' })
}

/** The caller's client heals itself: a wire over it is lost when it says so, and there again once a command is answered. */
function overBorrowed(client: BorrowedClient): MakeWire {
  let heard = false
  let opened = client.isOpen
  let lose = (_cause: unknown): void => {}
  let lastKey: string | undefined
  let proof: Promise<unknown> | undefined
  const onLoss = (cause: unknown): void => lose(cause)
  const commands = commandsOf(client, onLoss)
  /** Connected is not enough: a server that hangs keeps its connections. One question at a time, however long it takes. */
  const prove = (key: string): Promise<unknown> => {
    proof ??= commands
      .send(key, ['EXISTS', key])
      .catch((error: unknown) => {
        if (!answered(error)) throw error
      })
      .finally(() => {
        proof = undefined
      })
    return proof
  }
  const make = async (signal: AbortSignal, closing: AbortSignal): Promise<Wire> => {
    if (!heard) listen(client, onLoss, closing)
    heard = true
    if (client.isOpen) {
      if ('isReady' in client && client.isReady === false) await untilReady(client, signal)
    } else {
      // Who closed it had a reason; only what was never open is opened by us.
      if (opened) throw new ConvoyError('UNAVAILABLE', 'the redis client given was closed')
      await abortable(client.connect(), signal)
    }
    opened = true
    if (lastKey !== undefined) await abortable(prove(lastKey), signal)
    const { promise: lost, resolve } = deferred<unknown>()
    lose = resolve
    return {
      ...commands,
      send(key, args) {
        lastKey = key
        return commands.send(key, args)
      },
      lost,
      cut: () => resolve(undefined),
    }
  }
  return Object.assign(make, { to: 'the server of the redis client given' })
}

const deaf = new WeakSet<BorrowedClient>()

/** Listens until `closing`, and not once per wire. */
function listen(client: BorrowedClient, onLoss: (cause: unknown) => void, closing: AbortSignal): void {
  if (!deaf.has(client)) {
    deaf.add(client)
    // What node-redis hands out is a proxy of its emitter, and taking the last listener off a proxy deafens it for good:
    // so one stays, for an event that never comes.
    client.on('convoy-queue', () => {})
  }
  // Of one event two at the most, here and in `untilReady`: many queues over one client are no leak to warn its owner of.
  const allow = (more: number): void => {
    if (client.getMaxListeners() > 0) client.setMaxListeners(client.getMaxListeners() + more)
  }
  allow(2)
  closing.addEventListener('abort', () => allow(-2), { once: true })
  for (const event of ['error', 'end']) {
    client.on(event, onLoss)
    closing.addEventListener('abort', () => client.off(event, onLoss), { once: true })
  }
}

function untilReady(client: BorrowedClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      for (const event of ['ready', 'connect']) client.off(event, look)
      client.off('error', failed)
      signal.removeEventListener('abort', late)
    }
    // A cluster has no `ready` but only `connect`; a client's `connect` comes before it is ready.
    const look = (): void => {
      if ('isReady' in client && client.isReady === false) return
      end()
      resolve()
    }
    const failed = (error: unknown): void => {
      end()
      reject(error)
    }
    const late = (): void => failed(new ConvoyError('UNAVAILABLE', 'the redis client given is not connected'))
    for (const event of ['ready', 'connect']) client.on(event, look)
    client.on('error', failed)
    signal.addEventListener('abort', late, { once: true })
  })
}
