import { row } from '../row.js'
import { type Passage, whyNoNetwork } from '../scene/netns.js'
import { remote } from '../scene/remote.js'

/** In turn: each side hears nothing of the other, or one of them still does. */
const CUTS: readonly Passage[] = ['nothing', 'no requests', 'no replies']

export const netPartition = row({
  name: 'net-partition',
  fault: 'the network is parted, for both sides or for one alone: what was sent arrives, and the answer does not',
  injection:
    "Redis stands in a network namespace of its own; its kernel drops what comes in, what goes out, or both, for 0.5 to 2 leases; then TCP's own repetitions get through",
  holds:
    'each process notices by its reply time-out, without a reset; what had run is not run again for a lost answer; all go on by themselves',
  rounds: 6,
  allow: { expiries: true },
  reason: whyNoNetwork,
  open: remote,
  async round(stage, number) {
    const { network } = stage.scene
    const { lease } = stage.load
    await stage.calm(300, 600)
    const cut = CUTS[number % CUTS.length] as Passage
    await stage.fault(`the network lets through: ${cut}`, async () => {
      network.pass(cut)
      await stage.calm(0.5 * lease, 2 * lease)
      network.pass('all')
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.repeated + findings.unknown === 0 ? 'no call was repeated' : undefined),
})
