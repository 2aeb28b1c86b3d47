import type { ConnectionOptions } from 'node:tls'
import { ConvoyError } from '../errors.js'

/**
 * One way to a server, whichever of node-redis's four clients it runs over: their `sendCommand`s take their arguments
 * in four orders, and this hides it. A wire has one life: when it is lost, the connection makes another.
 */
export interface Wire {
  send(key: string, args: readonly string[]): Promise<unknown>
  /** Resolves with the cause once the wire is of no use any more. */
  readonly lost: Promise<unknown>
  /** End it now, in-flight calls and all. On a borrowed client it only lets go: that is not ours to cut. */
  cut(): void
}

/** Makes a ready wire, or rejects. `signal` ends the attempt. */
export type MakeWire = (signal: AbortSignal) => Promise<Wire>

/** What is asked of a node-redis client, cluster, sentinel or pool that the caller owns; its own types differ too much. */
export interface BorrowedClient {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: node-redis's four clients have four signatures, and one caller each below
  sendCommand(...args: any[]): Promise<any>
}

/** node-redis's default time-out makes an AbortSignal per command (12 µs); we keep one deadline of our own. */
const PLAIN = { timeout: undefined } as unknown as { timeout: number }

type Send = Wire['send']

function has(client: object, member: string): boolean {
  return member in client
}

/** Which of the four it is, by what only that one has. */
export function kindOf(client: BorrowedClient): 'client' | 'cluster' | 'sentinel' | 'pool' {
  if (has(client, 'nodeClient')) return 'cluster'
  if (has(client, 'getSentinelNode')) return 'sentinel'
  if (has(client, 'totalClients')) return 'pool'
  if (has(client, 'isReady') && has(client, 'duplicate')) return 'client'
  throw new ConvoyError('UNSUPPORTED', 'redis: expected a client, cluster, sentinel or pool of node-redis 5 or later')
}

function sender(client: BorrowedClient): Send {
  switch (kindOf(client)) {
    case 'client':
    case 'pool':
      return (_key, args) => client.sendCommand(args, PLAIN)
    case 'cluster':
      return (key, args) => client.sendCommand(key, false, args, PLAIN)
    case 'sentinel':
      return (_key, args) => client.sendCommand(false, args, PLAIN)
  }
}

/** A twin of a borrowed client for blocking calls; the twin is ours. A pool has none: it is for publishing. */
export function twinOf(client: BorrowedClient): BorrowedClient {
  if (kindOf(client) === 'pool') {
    throw new ConvoyError(
      'UNSUPPORTED',
      'redis: a pool can publish, but not process; give a client, cluster or sentinel',
    )
  }
  const twin = (client as unknown as { duplicate(): BorrowedClient }).duplicate()
  return twin
}

/** A wire over a client that goes on by itself after a loss. Ours when it is a twin, the caller's otherwise. */
export function wireOver(client: BorrowedClient, own: boolean): MakeWire {
  let mine = client
  let spent = false
  return async (signal) => {
    if (own && spent) mine = twinOf(client)
    spent = own
    const { promise: lost, resolve: lose } = deferred<unknown>()
    mine.on('error', lose)
    const cut = (): void => {
      mine.off('error', lose)
      lose(undefined)
      if (!own) return
      mine.on('error', () => {})
      const end = mine as unknown as { destroy(): unknown }
      // A sentinel's or cluster's destroy() may also reject later; either way it is gone.
      Promise.resolve()
        .then(() => end.destroy())
        .catch(() => {})
    }
    if (!mine.isOpen) await abortable(mine.connect(), signal, cut)
    else if ('isReady' in mine && mine.isReady === false) await untilReady(mine, signal)
    return { send: sender(mine), lost, cut }
  }
}

function untilReady(client: BorrowedClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => (): void => {
      client.off('ready', ready)
      client.off('error', failed)
      signal.removeEventListener('abort', failed)
      settle()
    }
    const ready = end(resolve)
    const failed = end(() => reject(new ConvoyError('UNAVAILABLE', 'the redis client given is not connected')))
    client.on('ready', ready)
    client.on('error', failed)
    signal.addEventListener('abort', failed, { once: true })
  })
}

/** A wire of our own to one server. */
export function wireTo(address: Address): MakeWire {
  return async (signal) => {
    // Loaded on first use: importing this library costs little.
    const { createClient } = await import('redis')
    const socket = { ...address.socket, connectTimeout: address.patience, reconnectStrategy: () => false as const }
    const client = createClient({
      ...address.login,
      socket: socket as never,
      commandOptions: PLAIN,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    })
    const { promise: lost, resolve: lose } = deferred<unknown>()
    client.on('error', lose)
    client.on('end', () => lose(undefined))
    const cut = (): void => {
      lose(undefined)
      client.destroy()
    }
    await abortable(client.connect(), signal, cut)
    return { send: (_key, args) => client.sendCommand(args as string[], PLAIN), lost, cut }
  }
}

/** Where a server is and who we are there; holds the password, so it is never shown. */
export interface Address {
  readonly socket: { readonly host: string; readonly port: number; readonly tls?: true } | { readonly path: string }
  readonly login: { readonly username?: string; readonly password?: string; readonly database?: number }
  /** ms for the TCP connection. */
  readonly patience: number
}

/** Reads `redis://`, `rediss://`, `unix://`; throws BAD_OPTION without repeating the text, which may hold a password. */
export function readUrl(text: string, tls: ConnectionOptions | undefined, patience: number): Address {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new ConvoyError('BAD_OPTION', 'store: not a URL such as redis://user:password@host:6379/0')
  }
  const database = url.protocol === 'unix:' ? url.searchParams.get('db') : url.pathname.slice(1)
  if (database && !/^\d{1,9}$/.test(database))
    throw new ConvoyError('BAD_OPTION', `store: the database in the URL is not a number`)
  const login = {
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(database ? { database: Number(database) } : {}),
  }
  switch (url.protocol) {
    case 'unix:':
      return { socket: { path: decodeURIComponent(url.pathname) }, login, patience }
    case 'redis:':
    case 'rediss:': {
      const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost'
      const socket = { host, port: Number(url.port || 6379) }
      const secure = url.protocol === 'rediss:' ? { tls: true as const, ...tls } : {}
      return { socket: { ...socket, ...secure }, login, patience }
    }
    default:
      throw new ConvoyError('BAD_OPTION', `store: ${url.protocol}// is none of redis://, rediss://, unix://, memory:`)
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** `promise`, given up with `cut` when the signal is aborted. */
async function abortable(promise: Promise<unknown>, signal: AbortSignal, cut: () => void): Promise<void> {
  signal.addEventListener('abort', cut, { once: true })
  try {
    await promise
  } catch (error) {
    cut()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
  }
}
