import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { ProxyTarget } from '../support/proxy-link.js'

/** A proxy that passes everything, but for one text in replies: replaced where it comes within a packet, and padded to keep its length. */
export async function startRewriter(target: ProxyTarget, from: RegExp, to: string) {
  const sockets = new Set<Socket>()
  const listener = createServer((client) => {
    const server = connect(target.port ?? 0, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(server)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
    server.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      client.write(
        Buffer.from(
          text.replace(from, (found) => to.padEnd(found.length).slice(0, found.length)),
          'latin1',
        ),
      )
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
