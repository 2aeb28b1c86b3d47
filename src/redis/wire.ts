import type { ConnectionOptions } from 'node:tls'
import { ConvoyError } from '../errors.js'
import { unlessAborted } from '../time.js'

/**
 * One way to a server, whichever of node-redis's four clients it runs over: their `sendCommand`s take their arguments
 * in four orders, and this hides it. A wire has one life: when it is lost, the connection makes another.
 */
export interface Wire {
  send(key: string, args: readonly string[]): Promise<unknown>
  /**
   * Two commands over the same connection, nothing between them: the second tells of what the first did. Rejects as the
   * first does, and with `Untold` where that was done and only the second failed.
   */
  pair(key: string, first: readonly string[], second: readonly string[]): Promise<readonly unknown[]>
  /** What this answers has not gone out, and never will: the answer rejects. False when it may have. */
  takeBack?(answer: Promise<unknown>): boolean
  /** Subscribes to a sharded channel for the life of the wire; a pool's cannot. */
  hear?(channel: string, told: (message: string) => void): Promise<unknown>
  /** Settles once something came back over the connection that hears; a sentinel's client does not show that one. */
  probe?(): Promise<unknown>
  /** Resolves with the cause once the wire is of no use any more. */
  readonly lost: Promise<unknown>
  /** End it now, in-flight calls and all. On a borrowed client it only lets go: that is not ours to cut. */
  cut(): void
}

export interface MakeWire {
  /** A ready wire, or rejects. `signal` ends the attempt; `closing` is aborted when no more will be asked for. */
  (signal: AbortSignal, closing: AbortSignal): Promise<Wire>
  /** Where it leads, for people. */
  readonly to: string
}

/**
 * node-redis's default time-out makes an AbortSignal per command (12 µs); we keep one deadline of our own. A borrowed
 * client may map replies to other types, or carry a signal: neither is for our commands.
 */
export const PLAIN = { timeout: undefined, typeMapping: undefined, abortSignal: undefined } as unknown as {
  timeout: number
}

/** Of few commands the server lets one who has subscribed ask it, whatever the protocol. */
export const PING: readonly string[] = ['PING']

const makeClients = async () => (await import('redis')).RedisClient.factory()

/**
 * Loaded on first use: importing this library costs little. And made once: `createClient` makes a class of hundreds of
 * commands whenever the client before had other options, be it another user, which stops the process for tens of ms.
 */
let made: ReturnType<typeof makeClients> | undefined

/** A wire of our own to one server. */
export function wireTo({ socket, login, patience }: Address): MakeWire {
  const to = 'path' in socket ? socket.path : `${socket.host}:${socket.port}`
  const make = async (signal: AbortSignal): Promise<Wire> => {
    made ??= makeClients()
    const client = (await made)({
      ...login,
      socket: { ...socket, connectTimeout: patience, reconnectStrategy: () => false as const } as never,
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
    await dial(client, signal, cut)
    const send: Wire['send'] = (_key, args) => client.sendCommand(args as string[], PLAIN)
    const pair: Wire['pair'] = (key, first, second) => paired(send(key, first), send(key, second))
    const hear: Wire['hear'] = (channel, told) => client.sSubscribe(channel, told)
    return { send, pair, hear, probe: () => client.sendCommand([...PING], PLAIN), lost, cut }
  }
  return Object.assign(make, { to })
}

/** Where a server is and who we are there; holds the password, so it is never shown. */
export interface Address {
  readonly socket: { readonly host: string; readonly port: number; readonly tls?: true } | { readonly path: string }
  readonly login: { readonly username?: string; readonly password?: string; readonly database?: number }
  /** ms for the TCP connection. */
  readonly patience: number
}

/** What it was to tell of has been done. */
export class Untold extends Error {
  override readonly name = 'Untold'

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** What a pair answers, by its two answers. */
export async function paired(first: Promise<unknown>, second: Promise<unknown>): Promise<readonly unknown[]> {
  const told = second.catch((cause: unknown) => new Untold(cause))
  const answer = await first
  const telling = await told
  if (telling instanceof Untold) throw telling
  return [answer, telling]
}

/** `URL` refuses a user where no host is. */
const UNIX = /^unix:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\/[^?#]+)(?:\?db=(\d{1,9}))?$/

/** Reads `redis://`, `rediss://`, `unix://`; throws BAD_OPTION without repeating the text, which may hold a password. */
export function readUrl(text: string, tls: ConnectionOptions | undefined, patience: number): Address {
  if (text.startsWith('unix:')) {
    const parts = UNIX.exec(text)
    if (!parts) throw malformed('not a URL such as unix://user:password@/run/redis.sock?db=0')
    return { socket: { path: decoded(parts[3]) }, login: loginOf(parts[1], parts[2], parts[4]), patience }
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw malformed('not a URL such as redis://user:password@host:6379/0')
  }
  const { protocol, hostname, port, username, password, pathname, search, hash } = url
  const secure = protocol === 'rediss:'
  if (!secure && protocol !== 'redis:') throw malformed('the URL is none of redis://, rediss://, unix://, memory:')
  // `redis://user:12#34@host` would be port 12 of a host called user: half a password in an error message.
  if (search !== '' || hash !== '') throw malformed('the URL has a ? or #; in a password they are written %3F and %23')
  const database = pathname.slice(1)
  if (!/^\d{0,9}$/.test(database)) throw malformed('the database in the URL is not a number')
  const host = hostname.replace(/^\[|\]$/g, '') || 'localhost'
  const socket = { ...(secure ? { ...tls, tls: true as const } : {}), host, port: Number(port || 6379) }
  return { socket, login: loginOf(username, password, database), patience }
}

function loginOf(username = '', password = '', database = ''): Address['login'] {
  return {
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
    ...(database === '' ? {} : { database: Number(database) }),
  }
}

function decoded(part = ''): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed('a % in the URL is not followed by two hexadecimal digits; the sign itself is written %25')
  }
}

function malformed(why: string): ConvoyError {
  return new ConvoyError('BAD_OPTION', `store: ${why}`)
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** `promise`, not waited for any longer when the signal is aborted: a client that dials may never settle. */
export const abortable = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  unlessAborted(promise, signal, () => new ConvoyError('UNAVAILABLE', 'the server did not answer in time'))

interface Dialler {
  connect(): Promise<unknown>
  on(event: 'connect', listener: () => void): unknown
}

/**
 * Connects a client of ours. node-redis forgets a `destroy()` that comes while the TCP connection is being made, and
 * goes on to log in, which a server that hangs never answers: so one that was given up is cut again once it has a socket.
 */
export async function dial(client: Dialler, signal: AbortSignal, cut: () => void): Promise<void> {
  const connected = client.connect()
  try {
    await abortable(connected, signal)
  } catch (error) {
    cut()
    client.on('connect', cut)
    connected.then(cut, () => {})
    throw error
  }
}
