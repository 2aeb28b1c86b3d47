import { Network } from './netns.js'
import { type Single, single } from './single.js'

export interface Remote extends Single {
  /** Between all processes and the server; the harness itself goes by a file. */
  readonly network: Network
}

const PORT = 6379

/** One server behind a cable that can be cut, one way or both. */
export async function remote(): Promise<Remote> {
  const network = new Network()
  try {
    const args = ['--port', `${PORT}`, '--bind', network.address, '--protected-mode', 'no']
    const scene = await single('everysec', { args, launcher: network.launcher })
    const stop = async (): Promise<void> => {
      await scene.stop()
      network.remove()
    }
    return { ...scene, network, connect: { kind: 'url', url: `redis://${network.address}:${PORT}` }, stop }
  } catch (error) {
    network.remove()
    throw error
  }
}
