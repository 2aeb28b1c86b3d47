import { row } from '../row.js'
import { proxied } from '../scene/proxied.js'

export const netCut = row({
  name: 'net-cut',
  fault: 'the network cuts every connection, now and then for longer than a lease',
  injection:
    'a proxy that resets all connections fifteen times within a second; then refuses them for 0.2 to 1.3 leases',
  holds: 'nothing jams but what nobody could renew; all go on once it is back',
  rounds: 3,
  allow: { expiries: true },
  open: proxied,
  async round(stage) {
    const { proxy } = stage.scene
    const { lease } = stage.load
    await stage.calm(300, 600)
    await stage.fault('cut', async () => {
      // So many that one at least cuts an answer off, whatever the dice say.
      for (let i = 0; i < 15; i++) {
        proxy.cut()
        await stage.calm(7, 70)
      }
      await proxy.refuse()
      await stage.calm(0.2 * lease, 1.3 * lease)
      await proxy.pass()
    })
    await stage.calm(500)
  },
  toothless: ({ findings }) => (findings.repeated === 0 ? 'no answer was lost' : undefined),
})
