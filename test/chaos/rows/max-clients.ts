import { rawClient } from '../../support/raw-command.js'
import { row } from '../row.js'
import { single } from '../scene/single.js'

export const maxClients = row({
  name: 'max-clients',
  fault: 'the server has as many clients as it may have, and refuses every other',
  injection: 'maxclients 1, and that one is ours; all others are cut; 0.4 to 1.3 leases later there is room again',
  holds: 'all dial again until they are let in; nothing jams but what nobody could renew',
  rounds: 2,
  allow: { expiries: true },
  open: () => single('everysec'),
  async round(stage) {
    const { server } = stage.scene
    const { lease } = stage.load
    await stage.calm(500, 1_000)
    // The harness's own: whoever comes later is refused as well.
    const only = rawClient(server)
    await only.connect()
    try {
      const [, most = ''] = (await only.sendCommand(['CONFIG', 'GET', 'maxclients'])) as unknown as string[]
      await stage.fault('maxclients', async () => {
        await only.sendCommand(['CONFIG', 'SET', 'maxclients', '1'])
        await only.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
        await stage.calm(0.4 * lease, 1.3 * lease)
        const clients = String(await only.sendCommand(['CLIENT', 'LIST'])).match(/^id=/gm)?.length
        if (clients !== 1) throw new Error(`${clients} clients are connected, not ours alone`)
        await only.sendCommand(['CONFIG', 'SET', 'maxclients', most])
      })
    } finally {
      only.destroy()
    }
    await stage.calm(500)
  },
})
