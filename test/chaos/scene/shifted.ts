import { ShiftedClock } from './clock.js'
import { type Single, single } from './single.js'

export interface Shifted extends Single {
  /** The clock in question goes this many ms ahead of the machine's, from now on. */
  shift(ms: number): void
}

/** A server, and a clock that can be stepped while all runs: the server's own or that of the workers. */
export async function shifted(whose: 'server' | 'workers'): Promise<Shifted> {
  const clock = new ShiftedClock()
  const scene = await single('everysec', whose === 'server' ? { env: clock.env } : {})
  const stop = async (): Promise<void> => {
    await scene.stop()
    clock.remove()
  }
  const workers = whose === 'workers' ? { workerEnv: clock.env } : {}
  return { ...scene, ...workers, shift: (ms) => clock.shift(ms), stop }
}
