import { row } from '../row.js'
import { proxied } from '../scene/proxied.js'

export const netBlackHole = row({
  name: 'net-black-hole',
  fault: 'the network swallows everything and tells nobody; what was sent may arrive late',
  injection: 'a proxy that holds all bytes in both directions for 0.5 to 2 leases, then lets them go',
  holds:
    'each process notices within its reply time-out; late commands change nothing; nothing is claimed for nobody for long',
  rounds: 3,
  allow: { expiries: true },
  open: proxied,
  async round(stage) {
    const { proxy } = stage.scene
    const { lease } = stage.load
    await stage.calm(300, 600)
    await stage.fault('black hole', async () => {
      proxy.blackHole()
      await stage.calm(0.5 * lease, 2 * lease)
      await proxy.pass()
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.repeated + findings.unknown === 0 ? 'no call was repeated' : undefined),
})
