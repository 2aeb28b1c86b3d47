import { RedisClient } from 'redis'

/** How to reach a server without the library under test. */
export interface Address {
  /** redis://, rediss:// or unix:// */
  readonly url: string
  /** Instead of it, where not everybody may do all. */
  readonly adminUrl?: string
  /** Certificate to trust, PEM. */
  readonly ca?: string
}

export type Argument = string | number | Buffer

/** One class for all, with no more than the commands of a plain server: `createClient` makes another for each address. */
const PROTOCOL = { RESP: 2 } as const
const plainClient = RedisClient.factory(PROTOCOL)

/**
 * A plain client. RESP 2, so that a reply is what redis-cli shows; no CLIENT SETINFO and no maintenance handshake, which
 * would show in the server's statistics.
 */
export function rawClient(address: Address, retryEvery?: number) {
  const reconnectStrategy = retryEvery === undefined ? (false as const) : (): number => retryEvery
  const client = plainClient({
    ...PROTOCOL,
    url: address.adminUrl ?? address.url,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy, ...(address.ca === undefined ? {} : { tls: true as const, ca: address.ca }) },
  })
  // Without a listener an error would end the process; every caller sees it as a rejection anyway.
  client.on('error', () => {})
  return client
}

/** One command on a connection of its own: none stays behind to be counted, cut or waited for. */
export async function rawCommand<T = string>(address: Address, args: readonly Argument[]): Promise<T> {
  const client = rawClient(address)
  try {
    await client.connect()
    return (await client.sendCommand(args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)))) as T
  } finally {
    client.destroy()
  }
}
