import { startProxy, type TcpProxy } from '../../support/tcp-proxy.js'
import { type Single, single } from './single.js'

export interface Proxied extends Single {
  /** Between all processes and the server; the harness itself goes straight. */
  readonly proxy: TcpProxy
}

export async function proxied(): Promise<Proxied> {
  const scene = await single('everysec')
  const proxy = await startProxy(scene.server)
  const stop = async (): Promise<void> => {
    await proxy.close()
    await scene.stop()
  }
  return { ...scene, proxy, connect: { kind: 'url', url: proxy.url }, stop }
}
