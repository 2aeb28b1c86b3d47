import { row } from '../row.js'
import { callOf, comes } from '../scene/calls.js'
import { type Proxied, proxied } from '../scene/proxied.js'
import type { Stage } from '../stage.js'

/** Bytes that go on in one turn of the loop, at most, and for how long, ms. */
const PIECES = [1, 3, 10, 40]
const EACH = 400
/** Whose replies break off, in turn: first on a network that is well, then on one that is bytewise as well. */
const BROKEN = ['publish', 'step', 'sweep', 'publish', 'step', 'sweep'] as const
/** How much more than usual clients may send. */
const MORE = 3
/** Connections that may be made for one that was cut: a worker that is back ends its wait, and that is on another. */
const DIALS = 2

interface Effort {
  /** Bytes that all clients sent, a second. */
  readonly rate: number
  readonly dials: number
}

/** How hard all try to be understood meanwhile. */
async function effort({ scene: { proxy } }: Stage<Proxied>, work: () => Promise<unknown>): Promise<Effort> {
  const [at, sent, dialled] = [performance.now(), proxy.fromClients, proxy.accepted]
  await work()
  const rate = (1_000 * (proxy.fromClients - sent)) / (performance.now() - at)
  return { rate, dials: proxy.accepted - dialled }
}

export const netBytewise = row({
  name: 'net-bytewise',
  fault: 'the network hands on a few bytes at a time, and breaks off in the middle of a reply',
  injection: `a proxy that hands everything on ${PIECES.join(', ')} bytes at a time, each way, for ${EACH} ms each; then one that closes a connection after half of a reply, to publish, step and sweep in turn`,
  holds:
    'what comes in pieces is read as one, and no connection is given up for it; what broke off is asked for again, and no claim jams; nobody sends or dials in a loop',
  rounds: 2,
  // So much goes through byte by byte.
  load: { burst: 1 },
  open: proxied,
  async round(stage) {
    const { proxy } = stage.scene
    const usual = await effort(stage, () => stage.calm(800))
    const orderly = (what: string, { rate, dials }: Effort, most: number): void => {
      if (rate > MORE * usual.rate)
        throw new Error(`${what}: ${Math.round(rate)} bytes a second were sent, ${Math.round(usual.rate)} are usual`)
      if (dials > most) throw new Error(`${what}: ${dials} connections were made, ${most} are enough`)
    }
    const bytewise = async (): Promise<void> => {
      for (const most of PIECES) {
        proxy.drip(most)
        await stage.calm(EACH)
      }
      proxy.drip(0)
    }
    await stage.fault('bytewise', async () => orderly('bytewise', await effort(stage, bytewise), 0))
    const brokenOff = async (): Promise<void> => {
      for (const [i, verb] of BROKEN.entries()) {
        proxy.drip(i < BROKEN.length / 2 ? 0 : 10)
        if (!(await comes(proxy.halveReply(callOf(verb))))) throw new Error(`no reply to ${verb} broke off`)
        await stage.calm(20, 150)
      }
      proxy.drip(0)
    }
    await stage.fault('replies break off', async () =>
      orderly('replies break off', await effort(stage, brokenOff), DIALS * BROKEN.length),
    )
    await stage.calm(300)
  },
  toothless: ({ findings }) => (findings.repeated === 0 ? 'no publish was repeated' : undefined),
})
