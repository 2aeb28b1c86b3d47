import { once } from 'node:events'
import { createServer } from 'node:net'

const LEAST = 12_000
const MOST = 32_000

/**
 * A free port of the loopback, below the ports that outgoing connections are given (Linux: from 32768): a client that
 * keeps dialling a dead port in that range may at last reach itself, and the server can then not come back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST))
    const probe = createServer()
    try {
      probe.listen(port, '127.0.0.1')
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    await once(probe, 'close')
    return port
  }
}
